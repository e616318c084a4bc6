// Every operation that @azure/keyvault-secrets offers, against coffer-local.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { claim, refused, run } from './tap.mjs'

const settings = JSON.parse(readFileSync(0))
const load = createRequire(join(settings.folder, 'package.json'))
const { SecretClient } = load('@azure/keyvault-secrets')
const { ClientSecretCredential } = load('@azure/identity')

function credential(name) {
  const c = settings.clients[name]
  return new ClientSecretCredential(c.tenant, c.client_id, c.client_secret,
    { authorityHost: c.authority, disableInstanceDiscovery: true })
}
const clientOf = (name) => new SecretClient(settings.info.vault, credential(name),
  { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } })
const client = clientOf('owner')
const agent = clientOf('agent')
const fast = { intervalInMs: 10 }

async function all(pages) {
  const items = []
  for await (const item of pages) items.push(item)
  return items
}

claim('a secret is set with its properties, and read', async () => {
  const expiresOn = new Date(Math.floor(Date.now() / 1000) * 1000 + 3600000)
  const made = await client.setSecret('Greeting', 'grüß "Gott"\n',
    { contentType: 'text/plain', tags: { a: 'b' }, expiresOn, enabled: true })
  const found = await client.getSecret('Greeting')
  assert.equal(found.value, 'grüß "Gott"\n')
  assert.deepEqual(found.properties, made.properties)
  assert.equal(found.properties.contentType, 'text/plain')
  assert.deepEqual(found.properties.tags, { a: 'b' })
  assert.equal(found.properties.expiresOn.getTime(), expiresOn.getTime())
  assert.equal(found.properties.vaultUrl, settings.info.vault)
  assert.equal(found.properties.recoveryLevel, 'Recoverable+Purgeable')
  assert.equal(found.properties.recoverableDays, 90)
})

claim('a version is read by its name', async () => {
  const first = await client.setSecret('versions', 'one')
  const second = await client.setSecret('versions', 'two')
  assert.equal((await client.getSecret('versions', { version: first.properties.version })).value, 'one')
  assert.equal((await client.getSecret('versions')).properties.version, second.properties.version)
  const listed = await all(client.listPropertiesOfSecretVersions('versions'))
  assert.deepEqual(listed.map((one) => one.version), [first.properties.version, second.properties.version])
})

claim('properties are updated', async () => {
  const made = await client.setSecret('changing', 'x')
  const changed = await client.updateSecretProperties('changing', made.properties.version,
    { contentType: 'application/json', tags: { c: 'd' }, enabled: false })
  assert.equal(changed.contentType, 'application/json')
  assert.equal(changed.enabled, false)
  await refused(client.getSecret('changing'), 403, 'Forbidden')
})

claim('secrets are listed, page by page', async () => {
  for (let i = 0; i < 5; i++) await client.setSecret(`page-${i}`, 'x')
  const names = (await all(client.listPropertiesOfSecrets())).map((one) => one.name)
  assert.deepEqual(names.filter((name) => name.startsWith('page-')), ['page-0', 'page-1', 'page-2', 'page-3', 'page-4'])
  const sizes = []
  for await (const page of client.listPropertiesOfSecrets().byPage({ maxPageSize: 2 })) sizes.push(page.length)
  assert.ok(sizes.length > 2 && sizes.slice(0, -1).every((size) => size === 2), String(sizes))
})

claim('a deleted secret is found, listed, recovered and purged', async () => {
  await client.setSecret('passing', 'here')
  const deleted = await (await client.beginDeleteSecret('passing', fast)).pollUntilDone()
  assert.equal(deleted.name, 'passing')
  assert.ok(deleted.deletedOn instanceof Date && deleted.scheduledPurgeDate > deleted.deletedOn)
  assert.equal((await client.getDeletedSecret('passing')).recoveryId, deleted.recoveryId)
  assert.ok((await all(client.listDeletedSecrets())).some((one) => one.name === 'passing'))
  await refused(client.getSecret('passing'), 404, 'SecretNotFound')
  await refused(client.setSecret('passing', 'x'), 409, 'Conflict')
  const recovered = await (await client.beginRecoverDeletedSecret('passing', fast)).pollUntilDone()
  assert.equal(recovered.name, 'passing')
  assert.equal((await client.getSecret('passing')).value, 'here')
  await (await client.beginDeleteSecret('passing', fast)).pollUntilDone()
  await client.purgeDeletedSecret('passing')
  await refused(client.getDeletedSecret('passing'), 404, 'SecretNotFound')
})

claim('a backup is restored', async () => {
  await client.setSecret('kept', 'one')
  await client.setSecret('kept', 'two')
  const backup = await client.backupSecret('kept')
  await refused(client.restoreSecretBackup(backup), 409, 'Conflict')
  await (await client.beginDeleteSecret('kept', fast)).pollUntilDone()
  await client.purgeDeletedSecret('kept')
  assert.equal((await client.restoreSecretBackup(backup)).name, 'kept')
  assert.equal((await client.getSecret('kept')).value, 'two')
  assert.equal((await all(client.listPropertiesOfSecretVersions('kept'))).length, 2)
})

claim('who has no right to secrets is refused', async () => {
  await refused(agent.getSecret('kept'), 403, 'Forbidden')
  await refused(agent.setSecret('kept', 'x'), 403, 'Forbidden')
})

process.exitCode = (await run()) > 0 ? 1 : 0
