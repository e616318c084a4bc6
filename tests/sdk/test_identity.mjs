// How @azure/identity signs in, good and refused, against coffer-local: secrets, certificates, assertions, device codes.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claim, run } from './tap.mjs'

const settings = JSON.parse(readFileSync(0))
const load = createRequire(join(settings.folder, 'package.json'))
const { ClientSecretCredential, ClientCertificateCredential, ClientAssertionCredential, WorkloadIdentityCredential,
  DeviceCodeCredential } = load('@azure/identity')
const { KeyClient } = load('@azure/keyvault-keys')

const { tenant, authority, vault } = settings.info
const CLI = 'c0ffe2c1-1ca1-4c11-8f3b-5d9a7be04a52'
const ISSUER = 'https://issuer.example/realm'
const VAULT = 'https://vault.azure.net/.default'
const COFFER = 'api://coffer/.default'
const options = { authorityHost: authority, disableInstanceDiscovery: true }
const folder = mkdtempSync(join(tmpdir(), 'coffer-identity-'))
const text = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))

const owner = new ClientSecretCredential(tenant, settings.clients.owner.client_id, settings.clients.owner.client_secret, options)

async function access(method, path, body) {
  const { token } = await owner.getToken(COFFER)
  const answer = await fetch(`${authority}/access/${path}`, { method, body: body && JSON.stringify(body),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } })
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`)
  return answer.status === 204 ? null : answer.json()
}

function makeCertificate(name) {
  const path = join(folder, `${name}.pem`)
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', path, '-out', `${path}.crt`, '-days', '30',
    '-subj', `/CN=${name}`], { stdio: 'ignore' })
  const certificate = readFileSync(`${path}.crt`, 'ascii')
  writeFileSync(path, readFileSync(path, 'ascii') + certificate)
  return { path, certificate }
}

const mine = makeCertificate('mine')
const other = makeCertificate('other')
const outside = createPrivateKey(readFileSync(other.path))
const app = await access('POST', 'apps', { name: 'robot' })
await access('POST', 'apps/robot/certificates', { pem: mine.certificate })
await access('POST', 'apps/robot/federated', { name: 'ci', issuer: ISSUER, subject: 'repo:a/b',
  keys: { keys: [{ ...createPublicKey(outside).export({ format: 'jwk' }), kid: 'k1', use: 'sig' }] } })
await access('POST', 'assignments', { principal: 'robot', role: 'Key Vault Crypto Officer', scope: '/keys' })
await access('POST', 'users', { name: 'alice' })
await access('PUT', 'users/alice/password', { password: 'correct horse battery' })

function outsideToken(more = {}) {
  const now = Math.floor(Date.now() / 1000)
  const signed = `${text({ alg: 'RS256', kid: 'k1' })}.${text({ iss: ISSUER, sub: 'repo:a/b', aud: 'api://AzureADTokenExchange',
    iat: now, exp: now + 600, jti: randomUUID(), ...more })}`
  return `${signed}.${sign('sha256', Buffer.from(signed), outside).toString('base64url')}`
}

const refused = (promise, code) => assert.rejects(promise, (error) => {
  assert.match(error.message, new RegExp(`AADSTS${code}\\b`))
  return true
})

claim('a secret gets tokens for several resources', async () => {
  const { token, expiresOnTimestamp } = await owner.getToken(VAULT)
  assert.equal(claims(token).appidacr, '1')
  assert.ok(Math.abs(expiresOnTimestamp - Date.now() - 3599000) < 60000)
  assert.ok(claims((await owner.getToken(COFFER)).token).roles.includes('admin'))
})

claim('a wrong secret, client or resource is refused by its code', async () => {
  const { client_id, client_secret } = settings.clients.owner
  await refused(new ClientSecretCredential(tenant, client_id, 'wrong', options).getToken(VAULT), 7000215)
  await refused(new ClientSecretCredential(tenant, randomUUID(), client_secret, options).getToken(VAULT), 700016)
  await refused(owner.getToken('https://evil.example/.default'), 500011)
})

claim('a certificate signs in, and one of its assertions serves several resources', async () => {
  const credential = new ClientCertificateCredential(tenant, app.client_id, mine.path, options)
  assert.equal(claims((await credential.getToken(VAULT)).token).appidacr, '2')
  assert.equal(claims((await credential.getToken(COFFER)).token).oid, app.object_id)
})

claim('a certificate with its chain in the header signs in', async () => {
  const credential = new ClientCertificateCredential(tenant, app.client_id, mine.path, { ...options, sendCertificateChain: true })
  assert.equal(claims((await credential.getToken(VAULT)).token).appid, app.client_id)
})

claim('a certificate uses the vault', async () => {
  const credential = new ClientCertificateCredential(tenant, app.client_id, mine.path, options)
  const keys = new KeyClient(vault, credential, { disableChallengeResourceVerification: true })
  assert.equal((await keys.createRsaKey('of-a-robot')).name, 'of-a-robot')
})

claim('a certificate that is not registered is refused', async () => {
  await refused(new ClientCertificateCredential(tenant, app.client_id, other.path, options).getToken(VAULT), 700027)
})

claim('the token of another issuer is exchanged', async () => {
  const credential = new ClientAssertionCredential(tenant, app.client_id, async () => outsideToken(), options)
  assert.equal(claims((await credential.getToken(VAULT)).token).oid, app.object_id)
})

claim('tokens that the record does not name are refused', async () => {
  for (const [more, code] of [[{ sub: 'repo:a/c' }, 700213], [{ iss: `${ISSUER}/x` }, 700211], [{ aud: 'api://other' }, 700212],
    [{ exp: 1000 }, 700024]]) {
    await refused(new ClientAssertionCredential(tenant, app.client_id, async () => outsideToken(more), options).getToken(VAULT), code)
  }
})

claim('a workload signs in with the token in its file', async () => {
  const tokenFilePath = join(folder, 'token')
  writeFileSync(tokenFilePath, outsideToken())
  const credential = new WorkloadIdentityCredential({ ...options, tenantId: tenant, clientId: app.client_id, tokenFilePath })
  assert.equal(claims((await credential.getToken(VAULT)).token).oid, app.object_id)
})

// A browser, for one form.
async function enter(url, code, password, action = 'sign-in') {
  const page = await fetch(url)
  const ticket = (await page.text()).match(/name="ticket" value="([0-9a-f]+)"/)[1]
  const body = new URLSearchParams({ user_code: code, name: 'alice', password, action, ticket })
  return fetch(url, { method: 'POST', body, headers: { cookie: page.headers.get('set-cookie').split(';')[0], origin: authority } })
}

function person(password, action) {
  return new DeviceCodeCredential({ ...options, tenantId: tenant, clientId: CLI, userPromptCallback: async (info) => {
    assert.match(info.message, new RegExp(info.userCode))
    await enter(info.verificationUri, info.userCode, password, action)
  } })
}

claim('a person signs in with a device code, and gets further tokens silently', async () => {
  const credential = person('correct horse battery')
  const refusing = assert.rejects(person('', 'refuse').getToken(VAULT), /access_denied/) // beside it, for it waits as long
  const account = await credential.authenticate(VAULT)
  assert.equal(account.username, 'alice@localhost')
  assert.equal(account.tenantId, tenant)
  const first = claims((await credential.getToken(VAULT)).token)
  assert.equal(first.scp, 'user_impersonation')
  const second = claims((await credential.getToken(COFFER)).token)
  assert.equal(second.aud, 'api://coffer')
  assert.equal(second.oid, first.oid)
  await refusing
})

process.exitCode = (await run()) === 0 ? 0 : 1
rmSync(folder, { recursive: true })
