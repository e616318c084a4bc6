// Everything that CryptographyClient of @azure/keyvault-keys offers, against coffer-local; what the
// library does by itself with a public key is asked of the service too.
import assert from 'node:assert/strict'
import { constants, createHash, createPublicKey, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes,
  verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { claim, refused, run } from './tap.mjs'

const settings = JSON.parse(readFileSync(0))
const load = createRequire(join(settings.folder, 'package.json'))
const { KeyClient, CryptographyClient } = load('@azure/keyvault-keys')
const { ClientSecretCredential } = load('@azure/identity')

const base = settings.info.vault
const options = { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } }

function credential(name) {
  const c = settings.clients[name]
  return new ClientSecretCredential(c.tenant, c.client_id, c.client_secret,
    { authorityHost: c.authority, disableInstanceDiscovery: true })
}
const owner = credential('owner')
const client = new KeyClient(base, owner, options)
const cryptographyOf = (key) => new CryptographyClient(key.id, owner, options)
const text = Buffer.from('the plaintext')

async function raw(key, operation, body) {
  const { token } = await owner.getToken('https://vault.azure.net/.default')
  const encoded = Object.fromEntries(Object.entries(body)
    .map(([name, value]) => [name, Buffer.isBuffer(value) ? value.toString('base64url') : value]))
  const answer = await fetch(`${key.id}/${operation}?api-version=7.5`, { method: 'POST', body: JSON.stringify(encoded),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } })
  assert.equal(answer.status, 200, await answer.clone().text())
  return answer.json()
}
const bytes = (value) => Buffer.from(value, 'base64url')

// A key of ours in the vault, so that node:crypto can look at what the vault does.
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const named = { n: 1, e: 1, d: 1, p: 1, q: 1, dp: 1, dq: 1, qi: 1, x: 1, y: 1, k: 1 }
const jwkOf = (key, more) => ({ ...Object.fromEntries(Object.entries(key.export({ format: 'jwk' }))
  .map(([name, value]) => [name, named[name] ? bytes(value) : value])), ...more })
const imported = await client.importKey('rsa', jwkOf(pair.privateKey,
  { keyOps: ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'] }))
const rsa = cryptographyOf(imported)
const oaep = (oaepHash) => ({ padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash })

claim('RSA: what is encrypted and wrapped opens', async () => {
  for (const [alg, how] of [['RSA-OAEP', oaep('sha1')], ['RSA-OAEP-256', oaep('sha256')], ['RSA1_5', null]]) {
    const sealed = await rsa.encrypt(alg, text)
    assert.deepEqual(Buffer.from((await rsa.decrypt(alg, sealed.result)).result), text)
    const wrapped = await rsa.wrapKey(alg, text)
    const open = await rsa.unwrapKey(alg, wrapped.result)
    assert.deepEqual(Buffer.from(open.result), text)
    assert.equal(open.keyID, imported.id)
    const service = bytes((await raw(imported, 'encrypt', { alg, value: text })).value)
    if (how) assert.deepEqual(privateDecrypt({ key: pair.privateKey, ...how }, service), text)
    assert.deepEqual(bytes((await raw(imported, 'decrypt', { alg, value: service })).value), text)
    if (how) {
      const other = publicEncrypt({ key: pair.publicKey, ...how }, text)
      assert.deepEqual(bytes((await raw(imported, 'unwrapkey', { alg, value: other })).value), text)
    }
  }
})

claim('RSA: what is signed verifies, by the library and by the service', async () => {
  for (const bits of [256, 384, 512]) {
    for (const alg of [`RS${bits}`, `PS${bits}`]) {
      const digest = createHash(`sha${bits}`).update(text).digest()
      const { result } = await rsa.sign(alg, digest)
      assert.equal((await rsa.verify(alg, digest, result)).result, true)
      const signed = await rsa.signData(alg, text)
      // The library verifies data by itself, and RSASSA-PSS as if it were PKCS#1 v1.5.
      if (alg[0] === 'R') assert.equal((await rsa.verifyData(alg, text, signed.result)).result, true)
      assert.equal((await raw(imported, 'verify', { alg, digest, value: Buffer.from(signed.result) })).value, true)
      assert.equal((await raw(imported, 'verify', { alg, digest, value: Buffer.from(result) })).value, true)
      assert.equal((await raw(imported, 'verify', { alg, digest: randomBytes(bits / 8), value: Buffer.from(result) })).value, false)
      const padding = alg[0] === 'P' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 } : {}
      assert.ok(verify(`sha${bits}`, text, { key: pair.publicKey, ...padding }, result))
    }
  }
})

claim('EC: every curve signs, and what it signs verifies', async () => {
  for (const [alg, curve, hash] of [['ES256', 'P-256', 'sha256'], ['ES384', 'P-384', 'sha384'], ['ES512', 'P-521', 'sha512'],
    ['ES256K', 'P-256K', 'sha256']]) {
    const key = await client.createEcKey(`ec-${curve}`, { curve })
    const ec = cryptographyOf(key)
    const { result } = await ec.signData(alg, text)
    assert.equal((await ec.verifyData(alg, text, result)).result, true)
    assert.equal((await ec.verifyData(alg, Buffer.from('another'), result)).result, false)
    const jwk = { kty: 'EC', crv: curve === 'P-256K' ? 'secp256k1' : curve, x: Buffer.from(key.key.x).toString('base64url'),
      y: Buffer.from(key.key.y).toString('base64url') }
    assert.ok(verify(hash, text, { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, result))
  }
})

claim('oct: AES-GCM, CBC and key wrap', async () => {
  for (const size of [128, 192, 256]) {
    const key = await client.createOctKey(`oct-${size}`, { keySize: size, hsm: true })
    const oct = cryptographyOf(key)
    const additionalAuthenticatedData = Buffer.from('for whom')
    const gcm = await oct.encrypt({ algorithm: `A${size}GCM`, plaintext: text, additionalAuthenticatedData })
    const { result, iv, authenticationTag } = gcm
    assert.equal(iv.length, 12)
    const opened = { algorithm: `A${size}GCM`, ciphertext: result, iv, authenticationTag, additionalAuthenticatedData }
    assert.deepEqual(Buffer.from((await oct.decrypt(opened)).result), text)
    await refused(oct.decrypt({ ...opened, additionalAuthenticatedData: Buffer.from('others') }), 400, 'BadParameter')
    const cbc = await oct.encrypt({ algorithm: `A${size}CBCPAD`, plaintext: text, iv: randomBytes(16) })
    const back = await oct.decrypt({ algorithm: `A${size}CBCPAD`, ciphertext: cbc.result, iv: cbc.iv })
    assert.deepEqual(Buffer.from(back.result), text)
    const wrapped = await oct.wrapKey(`A${size}KW`, randomBytes(32))
    assert.equal(wrapped.result.length, 40)
    assert.equal((await oct.unwrapKey(`A${size}KW`, wrapped.result)).result.length, 32)
  }
})

claim('a key without the operation is refused by the service, whatever the library thinks', async () => {
  const key = await client.createRsaKey('verify-only', { keyOps: ['verify'], keySize: 2048 })
  await assert.rejects(cryptographyOf(key).sign('RS256', randomBytes(32)), /sign/)
  const { token } = await owner.getToken('https://vault.azure.net/.default')
  const answer = await fetch(`${key.id}/sign?api-version=7.5`, { method: 'POST',
    body: JSON.stringify({ alg: 'RS256', value: randomBytes(32).toString('base64url') }),
    headers: { authorization: `Bearer ${token}` } })
  assert.equal(answer.status, 403)
})

claim('random bytes come from the service', async () => {
  const one = await client.getRandomBytes(32)
  const two = await client.getRandomBytes(32)
  assert.equal(one.length, 32)
  assert.notDeepEqual(Buffer.from(one), Buffer.from(two))
  await refused(client.getRandomBytes(129), 400, 'BadParameter')
})

claim('a cipher that does not open is a bad parameter', async () => {
  await refused(rsa.decrypt('RSA-OAEP', randomBytes(256)), 400, 'BadParameter')
  await refused(rsa.unwrapKey('RSA-OAEP-256', (await rsa.wrapKey('RSA-OAEP', text)).result), 400, 'BadParameter')
})

process.exitCode = (await run()) > 0 ? 1 : 0
