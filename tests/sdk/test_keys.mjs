// Every operation that KeyClient of @azure/keyvault-keys offers, good and refused, against coffer-local.
import assert from 'node:assert/strict'
import { createPublicKey, createVerify, generateKeyPairSync, randomBytes } from 'node:crypto'
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
const fast = { intervalInMs: 10 }

function credential(name) {
  const c = settings.clients[name]
  return new ClientSecretCredential(c.tenant, c.client_id, c.client_secret,
    { authorityHost: c.authority, disableInstanceDiscovery: true })
}

const owner = credential('owner')
const client = new KeyClient(base, owner, options)
const agent = new KeyClient(base, credential('agent'), options)

const POLICY = { version: '1.0.0', anyOf: [{ authority: base, allOf: [{ claim: 'x-ms-attestation-type', equals: 'sgx' }] }] }
const policy = (more = {}) => ({ encodedPolicy: Buffer.from(JSON.stringify(POLICY)), ...more })

async function all(pages) {
  const items = []
  for await (const item of pages) items.push(item)
  return items
}

async function gone(name) {
  await (await client.beginDeleteKey(name, fast)).pollUntilDone()
  await client.purgeDeletedKey(name)
}

claim('keys of all types, sizes and curves are made', async () => {
  const rsa = await client.createRsaKey('rsa', { keySize: 3072, hsm: true })
  assert.equal(rsa.keyType, 'RSA-HSM')
  assert.equal(rsa.key.n.length, 384)
  assert.deepEqual(rsa.keyOperations, ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'])
  for (const [curve, size] of [['P-256', 32], ['P-384', 48], ['P-521', 66], ['P-256K', 32]]) {
    const key = await client.createEcKey('ec', { curve })
    assert.deepEqual([key.key.crv, key.key.x.length, key.key.y.length], [curve, size, size])
    assert.deepEqual(key.keyOperations, ['sign', 'verify'])
  }
  for (const keySize of [128, 192, 256]) {
    const key = await client.createOctKey('oct', { keySize, hsm: true })
    assert.equal(key.keyType, 'oct-HSM')
    assert.equal(key.key.k, undefined)
  }
})

claim('attributes, operations and tags are kept', async () => {
  const notBefore = new Date(1700000000000)
  const expiresOn = new Date(1900000000000)
  const made = await client.createKey('dressed', 'EC',
    { enabled: false, notBefore, expiresOn, keyOps: ['verify'], tags: { team: 'a', 'ä': 'ö' } })
  const { properties, keyOperations } = await client.getKey('dressed')
  assert.deepEqual(properties, made.properties)
  assert.deepEqual([properties.enabled, properties.notBefore, properties.expiresOn, properties.exportable],
    [false, notBefore, expiresOn, false])
  assert.deepEqual([keyOperations, properties.tags], [['verify'], { team: 'a', 'ä': 'ö' }])
  assert.deepEqual([properties.recoveryLevel, properties.recoverableDays], ['Recoverable+Purgeable', 90])
  assert.ok(Math.abs(properties.createdOn - Date.now()) < 60000)
})

claim('what no key can be is refused', async () => {
  await refused(client.createRsaKey('wrong', { keySize: 1024 }), 400, 'BadParameter')
  await refused(client.createRsaKey('wrong', { publicExponent: 3 }), 400, 'BadParameter')
  await refused(client.createEcKey('wrong', { curve: 'P-224' }), 400, 'BadParameter')
  await refused(client.createKey('wrong', 'DSA'), 400, 'BadParameter')
  await refused(client.createKey('wrong', 'EC', { keyOps: ['wrapKey'] }), 400, 'BadParameter')
  await refused(client.createKey('wr_ong', 'EC'), 400, 'BadParameter')
  await refused(client.getKey('wrong'), 404, 'KeyNotFound')
})

claim('a key that was made elsewhere is imported and signs', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = privateKey.export({ format: 'jwk' })
  const bytes = Object.fromEntries(['x', 'y', 'd'].map((name) => [name, Buffer.from(jwk[name], 'base64url')]))
  const key = await client.importKey('brought', { kty: 'EC', crv: 'P-256', ...bytes, keyOps: ['sign', 'verify'] }, { tags: { a: 'b' } })
  assert.deepEqual(Buffer.from(key.key.x), bytes.x)
  assert.equal(key.key.d, undefined)
  const { result } = await new CryptographyClient(key, owner, options).signData('ES256', Buffer.from('text'))
  const verify = createVerify('sha256').update('text')
  assert.ok(verify.verify({ key: publicKey, dsaEncoding: 'ieee-p1363' }, result))
})

claim('an RSA key is imported with all its parts, and not with others', async () => {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  const bytes = Object.fromEntries(Object.entries(jwk).filter(([name]) => name !== 'kty')
    .map(([name, value]) => [name, Buffer.from(value, 'base64url')]))
  const key = await client.importKey('rsa-brought', { kty: 'RSA-HSM', ...bytes })
  assert.equal(key.keyType, 'RSA-HSM')
  assert.deepEqual(Buffer.from(key.key.n), bytes.n)
  await refused(client.importKey('rsa-wrong', { kty: 'RSA', ...bytes, d: randomBytes(256) }), 400, 'BadParameter')
  await refused(client.importKey('rsa-wrong', { kty: 'RSA', ...bytes, p: undefined }), 400, 'BadParameter')
  await refused(client.importKey('rsa-wrong', { kty: 'oct', k: randomBytes(20) }), 400, 'BadParameter')
})

claim('a version is shown, and the current one without its name', async () => {
  const first = await client.createEcKey('shown')
  const second = await client.createEcKey('shown')
  assert.equal((await client.getKey('shown')).properties.version, second.properties.version)
  const shown = await client.getKey('shown', { version: first.properties.version })
  assert.deepEqual(Buffer.from(shown.key.x), Buffer.from(first.key.x))
  await refused(client.getKey('shown', { version: '0'.repeat(32) }), 404, 'KeyNotFound')
  await refused(client.getKey('nothing'), 404, 'KeyNotFound')
})

claim('keys and versions are listed page by page', async () => {
  for (let i = 0; i < 27; i++) await client.createEcKey(i < 20 ? `listed-${i}` : 'listed', { tags: { i: String(i) } })
  const names = (await all(client.listPropertiesOfKeys())).map((item) => item.name)
  assert.equal(names.filter((name) => name.startsWith('listed')).length, 21)
  assert.equal(new Set(names).size, names.length)
  const sizes = (await all(client.listPropertiesOfKeys().byPage({ maxPageSize: 4 }))).map((page) => page.length)
  assert.ok(sizes.slice(0, -1).every((size) => size === 4))
  assert.equal(sizes.reduce((sum, size) => sum + size), names.length)
  const versions = await all(client.listPropertiesOfKeyVersions('listed'))
  assert.deepEqual(versions.map((item) => item.tags.i), ['20', '21', '22', '23', '24', '25', '26'])
  assert.ok(versions.every((item) => /^[0-9a-f]{32}$/.test(item.version)))
  await refused(all(client.listPropertiesOfKeys().byPage({ maxPageSize: 26 })), 400, 'BadParameter')
})

claim('an update changes one version', async () => {
  const first = await client.createEcKey('changed')
  await client.createEcKey('changed')
  const expiresOn = new Date(1900000000000)
  const after = await client.updateKeyProperties('changed', first.properties.version,
    { enabled: false, expiresOn, tags: { x: 'y' }, keyOps: ['sign'] })
  assert.deepEqual([after.properties.enabled, after.properties.expiresOn, after.properties.tags, after.keyOperations],
    [false, expiresOn, { x: 'y' }, ['sign']])
  const current = await client.updateKeyProperties('changed', { tags: { z: '1' } })
  assert.notEqual(current.properties.version, first.properties.version)
  assert.deepEqual((await client.getKey('changed', { version: first.properties.version })).properties.tags, { x: 'y' })
  await refused(client.updateKeyProperties('nothing', '0'.repeat(32), { enabled: true }), 404, 'KeyNotFound')
})

claim('an exportable key has a release policy, which can be changed until it is immutable', async () => {
  const made = await client.createEcKey('exported', { exportable: true, releasePolicy: policy() })
  assert.deepEqual([made.properties.exportable, made.properties.releasePolicy.immutable], [true, false])
  assert.deepEqual(JSON.parse(Buffer.from(made.properties.releasePolicy.encodedPolicy)), POLICY)
  const fixed = await client.updateKeyProperties('exported', made.properties.version, { releasePolicy: policy({ immutable: true }) })
  assert.equal(fixed.properties.releasePolicy.immutable, true)
  for (const immutable of [true, false]) {
    await refused(client.updateKeyProperties('exported', made.properties.version, { releasePolicy: policy({ immutable }) }),
      400, 'BadParameter')
  }
  await refused(client.createEcKey('not', { exportable: true }), 400, 'BadParameter')
  await refused(client.createEcKey('not', { releasePolicy: policy() }), 400, 'BadParameter')
})

claim('a deleted key is shown, listed and recovered', async () => {
  const made = await client.createEcKey('mortal')
  const deleted = await (await client.beginDeleteKey('mortal', fast)).pollUntilDone()
  assert.equal(deleted.properties.recoveryId, `${base}/deletedkeys/mortal`)
  assert.equal(deleted.properties.scheduledPurgeDate - deleted.properties.deletedOn, 90 * 86400 * 1000)
  assert.equal((await client.getDeletedKey('mortal')).properties.version, made.properties.version)
  assert.ok((await all(client.listDeletedKeys())).some((key) => key.name === 'mortal'))
  await refused(client.getKey('mortal'), 404, 'KeyNotFound')
  const error = await refused(client.createEcKey('Mortal'), 409, 'Conflict')
  assert.equal(JSON.parse(error.response.bodyAsText).error.innererror.code, 'ObjectIsDeletedButRecoverable')
  const recovered = await (await client.beginRecoverDeletedKey('mortal', fast)).pollUntilDone()
  assert.equal(recovered.properties.version, made.properties.version)
  await refused(client.getDeletedKey('mortal'), 404, 'KeyNotFound')
  await refused(client.beginRecoverDeletedKey('nothing', fast), 404, 'KeyNotFound')
  await refused(client.beginDeleteKey('nothing', fast), 404, 'KeyNotFound')
})

claim('a purged key leaves its name free', async () => {
  const first = await client.createEcKey('purged')
  await refused(client.purgeDeletedKey('purged'), 404, 'KeyNotFound')
  await gone('purged')
  await refused(client.getDeletedKey('purged'), 404, 'KeyNotFound')
  const second = await client.createEcKey('purged')
  assert.notEqual(second.properties.version, first.properties.version)
})

claim('a backup is restored with its versions, where the name is free', async () => {
  const first = await client.createEcKey('saved')
  const second = await client.createEcKey('saved', { tags: { a: 'b' } })
  const backup = await client.backupKey('saved')
  await refused(client.restoreKeyBackup(backup), 409, 'Conflict')
  await gone('saved')
  const restored = await client.restoreKeyBackup(backup)
  assert.deepEqual([restored.properties.version, restored.properties.tags], [second.properties.version, { a: 'b' }])
  const signer = new CryptographyClient(restored, owner, options)
  const { result } = await signer.signData('ES256', Buffer.from('text'))
  const [x, y] = [second.key.x, second.key.y].map((bytes) => Buffer.from(bytes).toString('base64url'))
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  assert.ok(createVerify('sha256').update('text').verify({ key, dsaEncoding: 'ieee-p1363' }, result))
  assert.equal((await client.getKey('saved', { version: first.properties.version })).name, 'saved')
  const wrong = Uint8Array.from(backup)
  wrong[wrong.length - 1] ^= 1
  await refused(client.restoreKeyBackup(wrong), 400, 'BadParameter')
  await refused(client.backupKey('nothing'), 404, 'KeyNotFound')
})

claim('a key is rotated by hand, and by a policy', async () => {
  const made = await client.createEcKey('turning', { curve: 'P-384', tags: { team: 'a' } })
  const rotated = await client.rotateKey('turning')
  assert.notEqual(rotated.properties.version, made.properties.version)
  assert.deepEqual([rotated.key.crv, rotated.properties.tags, rotated.properties.expiresOn], ['P-384', { team: 'a' }, undefined])
  const byDefault = await client.getKeyRotationPolicy('turning')
  assert.deepEqual(byDefault.lifetimeActions.map((a) => [a.action, a.timeBeforeExpiry]), [['Notify', 'P30D']])
  const set = await client.updateKeyRotationPolicy('turning',
    { expiresIn: 'P90D', lifetimeActions: [{ action: 'Rotate', timeBeforeExpiry: 'P30D' }] })
  assert.deepEqual([set.expiresIn, set.lifetimeActions[0].action, set.lifetimeActions[0].timeBeforeExpiry], ['P90D', 'Rotate', 'P30D'])
  assert.deepEqual(await client.getKeyRotationPolicy('turning'), set)
  const { properties } = await client.rotateKey('turning')
  assert.equal(properties.expiresOn - properties.createdOn, 90 * 86400 * 1000)
  await refused(client.updateKeyRotationPolicy('turning', { expiresIn: 'P1D' }), 400, 'BadParameter')
  await refused(client.updateKeyRotationPolicy('turning', { lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P1D' }] }),
    400, 'BadParameter')
  await refused(client.rotateKey('nothing'), 404, 'KeyNotFound')
  await refused(client.getKeyRotationPolicy('nothing'), 404, 'KeyNotFound')
})

claim('who may only release keys can do nothing else with them', async () => {
  await client.createEcKey('guarded')
  for (const attempt of [() => agent.createEcKey('guarded'), () => agent.getKey('guarded'), () => all(agent.listPropertiesOfKeys()),
    () => all(agent.listPropertiesOfKeyVersions('guarded')), () => agent.updateKeyProperties('guarded', { enabled: false }),
    () => agent.beginDeleteKey('guarded', fast), () => agent.backupKey('guarded'), () => agent.restoreKeyBackup(randomBytes(100)),
    () => agent.rotateKey('guarded'), () => agent.getKeyRotationPolicy('guarded'), () => agent.updateKeyRotationPolicy('guarded', {}),
    () => agent.importKey('guarded', { kty: 'oct', k: randomBytes(16) }), () => all(agent.listDeletedKeys()),
    () => agent.getDeletedKey('guarded'), () => agent.purgeDeletedKey('guarded')]) {
    await refused(attempt(), 403, 'Forbidden')
  }
})

process.exitCode = (await run()) === 0 ? 0 : 1
