// Every operation that @azure/attestation offers, good and refused, against coffer-local.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeQuote } from './server.mjs'
import { claim, refused, run } from './tap.mjs'

const settings = JSON.parse(readFileSync(0))
const load = createRequire(join(settings.folder, 'package.json'))
const { AttestationClient, AttestationAdministrationClient, createAttestationPolicyToken } = load('@azure/attestation')
const { ClientSecretCredential } = load('@azure/identity')

const base = settings.info.attest
const MRENCLAVE = '5a'.repeat(32)
const RUNTIME = { contract: 'ab'.repeat(32), keys: [] }
const runtime = Buffer.from(JSON.stringify(RUNTIME))
const sha256 = (bytes) => createHash('sha256').update(bytes).digest()
const PERMIT = 'version= 1.0; authorizationrules { => permit(); }; issuancerules { };'

function credential(name) {
  const c = settings.clients[name]
  return new ClientSecretCredential(c.tenant, c.client_id, c.client_secret,
    { authorityHost: c.authority, disableInstanceDiscovery: true })
}

const strict = { validationOptions: { validateToken: true, validateIssuer: true, expectedIssuer: base,
  validateExpirationTime: true, validateNotBeforeTime: true } }
const nobody = new AttestationClient(base, strict)
const client = new AttestationClient(base, credential('owner'), strict)
const admin = new AttestationAdministrationClient(base, credential('owner'), strict)
const agent = new AttestationAdministrationClient(base, credential('agent'), { ...strict, retryOptions: { maxRetries: 0 } })

const quote = (data, more = {}) => makeQuote(settings.tool, settings.platform,
  { mrenclave: MRENCLAVE, reportData: Buffer.concat([sha256(data), Buffer.alloc(32)]), ...more })

function makeSigner(kind) {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-signer-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const algorithm = kind === 'EC' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['rsa:2048']
  execFileSync('openssl', ['req', '-x509', '-newkey', ...algorithm, '-nodes', '-keyout', key, '-out', certificate,
    '-days', '30', '-subj', `/CN=${kind} signer`], { stdio: 'ignore' })
  const made = { privateKey: readFileSync(key, 'ascii'), certificate: readFileSync(certificate, 'ascii') }
  rmSync(folder, { recursive: true })
  return made
}

claim('discovery names the issuer and its keys', async () => {
  const metadata = await nobody.getOpenIdMetadata()
  assert.equal(metadata.issuer, base)
  assert.equal(metadata.jwks_uri, `${base}/certs`)
  assert.ok(metadata.claims_supported.includes('x-ms-sgx-mrenclave'))
})

claim('the signers are certificates of the service', async () => {
  const signers = await nobody.getAttestationSigners()
  assert.equal(signers.length, 1)
  assert.equal(new X509Certificate(signers[0].certificates[0]).subject, `CN=${base}`)
})

claim('a quote is attested, and the library verifies the token', async () => {
  const { body, token } = await nobody.attestSgxEnclave(quote(runtime), { runTimeJson: runtime })
  assert.deepEqual(token.getTokenProblems(await nobody.getAttestationSigners(), strict.validationOptions), [])
  assert.equal(body.issuer, base)
  assert.equal(body.version, '1.0')
  assert.equal(body.verifierType, 'sgx')
  assert.equal(body.mrEnclave, MRENCLAVE)
  assert.equal(body.mrSigner.length, 64)
  assert.equal(body.productId, 1)
  assert.equal(body.svn, 1)
  assert.equal(body.isDebuggable, false)
  assert.deepEqual(body.runTimeClaims, RUNTIME)
  assert.equal(body.enclaveHeldData, undefined)
  assert.equal(body.policyHash.length, 32)
  assert.equal(body.policyClaims['sgx-mrenclave'], MRENCLAVE)
  assert.equal(token.expiresOn - token.issuedAt, 8 * 3600 * 1000)
})

claim('the digest of the quote is in the token', async () => {
  const bytes = quote(runtime)
  const { body } = await client.attestSgxEnclave(bytes, { runTimeJson: runtime })
  assert.equal(body.sgxCollateral.quotehash, sha256(bytes).toString('hex'))
})

claim('binary runtime data comes back as held data', async () => {
  const data = Buffer.from([1, 2, 3, 255])
  const { body } = await client.attestSgxEnclave(quote(data), { runTimeData: data })
  assert.deepEqual(Buffer.from(body.enclaveHeldData), data)
  assert.equal(body.runTimeClaims, undefined)
})

claim('a quote without runtime data is attested', async () => {
  const { body } = await nobody.attestSgxEnclave(quote(runtime))
  assert.equal(body.runTimeClaims, undefined)
})

claim('a debuggable enclave gets a token that says so', async () => {
  const { body } = await nobody.attestSgxEnclave(quote(runtime, { debug: true }), { runTimeJson: runtime })
  assert.equal(body.isDebuggable, true)
})

claim('an Open Enclave report is attested', async () => {
  const report = quote(runtime, { form: 'open-enclave' })
  const { body } = await nobody.attestOpenEnclave(report, { runTimeJson: runtime })
  assert.equal(body.mrEnclave, MRENCLAVE)
  assert.deepEqual(body.runTimeClaims, RUNTIME)
})

claim('a quote is not an Open Enclave report, nor the other way round', async () => {
  await refused(nobody.attestOpenEnclave(quote(runtime)), 400, 'InvalidParameter')
  await refused(nobody.attestSgxEnclave(quote(runtime, { form: 'open-enclave' })), 400, 'InvalidParameter')
})

claim('runtime data that the quote does not bind is refused', async () => {
  await refused(nobody.attestSgxEnclave(quote(runtime), { runTimeJson: Buffer.from('{"contract":"other"}') }), 400, 'InvalidParameter')
})

claim('initialisation data that the enclave was not made with is refused', async () => {
  await refused(nobody.attestSgxEnclave(quote(runtime), { initTimeData: Buffer.from('init') }), 400, 'InvalidParameter')
})

claim('an altered quote is refused', async () => {
  const bytes = quote(runtime)
  bytes[130] ^= 1
  await refused(nobody.attestSgxEnclave(bytes, { runTimeJson: runtime }), 400, 'InvalidParameter')
})

claim('an empty quote is refused', async () => {
  await refused(nobody.attestSgxEnclave(Buffer.alloc(0)), 400, 'InvalidParameter')
})

claim('TPM attestation is refused', async () => {
  await refused(nobody.attestTpm(JSON.stringify({ payload: { type: 'aikcert' } })), 400, 'InvalidParameter')
})

claim('a token of another issuer than expected is a problem for the library', async () => {
  const options = { validationOptions: { ...strict.validationOptions, expectedIssuer: 'https://other.example' } }
  await assert.rejects(nobody.attestSgxEnclave(quote(runtime), options), /expected issuer/)
})

claim('a draft policy makes an unsecured token', async () => {
  const draft = 'version= 1.0; authorizationrules { => permit(); }; issuancerules { => issue(type="drafted", value=7); };'
  const { body, token } = await nobody.attestSgxEnclave(quote(runtime), { runTimeJson: runtime, draftPolicyForAttestation: draft })
  assert.equal(token.algorithm, 'none')
  assert.equal(body.policyClaims.drafted, 7)
  assert.deepEqual(Buffer.from(body.policyHash), sha256(Buffer.from(draft).toString('base64url')))
})

claim('a draft policy with an error is refused with line and column', async () => {
  const error = await refused(nobody.attestSgxEnclave(quote(runtime),
    { draftPolicyForAttestation: 'version= 1.0;\nauthorizationrules { permit(); };' }), 400, 'PolicyParsingError')
  assert.match(error.message, /Line 2, Column \d+/)
})

claim('the default policy can be read', async () => {
  const { body } = await admin.getPolicy('SgxEnclave')
  assert.match(body, /x-ms-sgx-tcbidentifier/)
  for (const kind of ['OpenEnclave', 'SevSnpVm', 'TdxVm', 'AzureGuest']) {
    assert.match((await admin.getPolicy(kind)).body, /permit/)
  }
})

claim('an unsigned policy is set, judges, and is reset', async () => {
  const policy = 'version= 1.0; authorizationrules { [type=="x-ms-sgx-is-debuggable", value==false] => permit(); };' +
    ' issuancerules { c:[type=="x-ms-sgx-svn"] => issue(type="version", value=c.value); };'
  const { body } = await admin.setPolicy('SgxEnclave', policy)
  assert.equal(body.policyResolution, 'Updated')
  assert.equal(body.policySigner, undefined)
  assert.deepEqual(Buffer.from(body.policyTokenHash), sha256(createAttestationPolicyToken(policy).serialize()))
  assert.equal((await admin.getPolicy('SgxEnclave')).body, policy)
  const attested = await nobody.attestSgxEnclave(quote(runtime), { runTimeJson: runtime })
  assert.equal(attested.body.policyClaims.version, 1)
  assert.deepEqual(Buffer.from(attested.body.policyHash), sha256(Buffer.from(policy).toString('base64url')))
  await refused(nobody.attestSgxEnclave(quote(runtime, { debug: true })), 400, 'PolicyEvaluationError')
  const reset = await admin.resetPolicy('SgxEnclave')
  assert.equal(reset.body.policyResolution, 'Removed')
  assert.deepEqual(Buffer.from(reset.body.policyTokenHash), sha256('eyJhbGciOiJub25lIn0..'))
  assert.match((await admin.getPolicy('SgxEnclave')).body, /x-ms-sgx-tcbidentifier/)
})

claim('each kind of evidence has a policy of its own', async () => {
  await admin.setPolicy('OpenEnclave', 'version= 1.0; authorizationrules { => deny(); }; issuancerules { };')
  await refused(nobody.attestOpenEnclave(quote(runtime, { form: 'open-enclave' })), 400, 'PolicyEvaluationError')
  await nobody.attestSgxEnclave(quote(runtime))
  await admin.resetPolicy('OpenEnclave')
})

for (const kind of ['RSA', 'EC']) {
  claim(`a policy signed with an ${kind} key is set, and tokens name its signer`, async () => {
    const signer = makeSigner(kind)
    const { body } = await admin.setPolicy('SgxEnclave', PERMIT, signer)
    assert.equal(body.policyResolution, 'Updated')
    assert.equal(new X509Certificate(body.policySigner.certificates[0]).subject, `CN=${kind} signer`)
    assert.equal((await admin.getPolicy('SgxEnclave')).body, PERMIT)
    const attested = await nobody.attestSgxEnclave(quote(runtime))
    assert.equal(new X509Certificate(attested.body.policySigner.certificates[0]).subject, `CN=${kind} signer`)
    await admin.resetPolicy('SgxEnclave')
  })
}

claim('a policy with an error is refused with line and column', async () => {
  const error = await refused(admin.setPolicy('SgxEnclave', 'version= 1.0;\n  authorizationrules { => maybe(); };'), 400, 'PolicyParsingError')
  assert.match(error.message, /Line 2, Column \d+/)
})

claim('a kind of evidence that is not offered has no policy', async () => {
  await refused(admin.getPolicy('Tpm'), 400, 'InvalidParameter')
  await refused(admin.setPolicy('Unknown', PERMIT), 400, 'InvalidParameter')
})

claim('reading a policy needs a token, and changing it a role', async () => {
  await agent.getPolicy('SgxEnclave')
  await refused(agent.setPolicy('SgxEnclave', PERMIT), 401, 'Unauthorized')
  await refused(agent.resetPolicy('SgxEnclave'), 401, 'Unauthorized')
  const stranger = new AttestationAdministrationClient(base,
    { getToken: async () => ({ token: 'e30.e30.e30', expiresOnTimestamp: Date.now() + 3600000 }) }, strict)
  await refused(stranger.getPolicy('SgxEnclave'), 401, 'Unauthorized')
  await refused(stranger.getPolicyManagementCertificates(), 401, 'Unauthorized')
})

const first = makeSigner('RSA')
const second = makeSigner('EC')
const thumbprint = (signer) => new X509Certificate(signer.certificate).fingerprint.replaceAll(':', '')

claim('there are no policy management certificates at first', async () => {
  assert.deepEqual((await admin.getPolicyManagementCertificates()).body, [])
})

claim('the first certificate is added by its own key only', async () => {
  await refused(admin.addPolicyManagementCertificate(first.certificate, second.privateKey, second.certificate), 400, 'InvalidOperation')
  await refused(agent.addPolicyManagementCertificate(first.certificate, first.privateKey, first.certificate), 401, 'Unauthorized')
  const { body } = await admin.addPolicyManagementCertificate(first.certificate, first.privateKey, first.certificate)
  assert.equal(body.certificateResolution, 'IsPresent')
  assert.equal(body.certificateThumbprint, thumbprint(first))
})

claim('in isolated mode policies must be signed by a registered signer', async () => {
  await refused(admin.setPolicy('SgxEnclave', PERMIT), 400, 'InvalidOperation')
  await refused(admin.resetPolicy('SgxEnclave'), 400, 'InvalidOperation')
  await refused(admin.setPolicy('SgxEnclave', PERMIT, second), 400, 'InvalidOperation')
  assert.equal((await admin.setPolicy('SgxEnclave', PERMIT, first)).body.policyResolution, 'Updated')
  assert.equal((await admin.resetPolicy('SgxEnclave', first)).body.policyResolution, 'Removed')
})

claim('further certificates are added by a registered signer, and listed', async () => {
  await refused(admin.addPolicyManagementCertificate(second.certificate, second.privateKey, second.certificate), 400, 'InvalidOperation')
  const { body } = await admin.addPolicyManagementCertificate(second.certificate, first.privateKey, first.certificate)
  assert.equal(body.certificateThumbprint, thumbprint(second))
  const listed = (await admin.getPolicyManagementCertificates()).body
  assert.deepEqual(listed.map((s) => new X509Certificate(s.certificates[0]).subject), ['CN=RSA signer', 'CN=EC signer'])
  assert.equal((await admin.setPolicy('SgxEnclave', PERMIT, second)).body.policyResolution, 'Updated')
  assert.equal((await admin.resetPolicy('SgxEnclave', second)).body.policyResolution, 'Removed')
})

claim('a removed signer signs no more, and the last one stays', async () => {
  const { body } = await admin.removePolicyManagementCertificate(first.certificate, second.privateKey, second.certificate)
  assert.equal(body.certificateResolution, 'IsAbsent')
  assert.equal(body.certificateThumbprint, thumbprint(first))
  await refused(admin.setPolicy('SgxEnclave', PERMIT, first), 400, 'InvalidOperation')
  await refused(admin.removePolicyManagementCertificate(second.certificate, second.privateKey, second.certificate), 400, 'InvalidOperation')
  assert.equal((await admin.getPolicyManagementCertificates()).body.length, 1)
})

process.exitCode = (await run()) === 0 ? 0 : 1
