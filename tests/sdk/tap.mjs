// Tests as claims: a claim's name is what it shows. Prints TAP.
import assert from 'node:assert/strict'

const claims = []

export const claim = (name, run) => claims.push({ name, run })

// The promise is refused, with this HTTP status and code of Azure's error form.
export async function refused(promise, status, code) {
  const error = await promise.then(() => null, (reason) => reason)
  assert.ok(error, 'nothing was refused')
  assert.equal(error.statusCode, status, error.message)
  assert.equal(error.code, code, error.message)
  return error
}

export async function run() {
  let failed = 0
  console.log(`1..${claims.length}`)
  for (const [index, { name, run: check }] of claims.entries()) {
    try {
      await check()
      console.log(`ok ${index + 1} - ${name}`)
    } catch (error) {
      failed += 1
      console.log(`not ok ${index + 1} - ${name}`)
      for (const line of String(error.stack).split('\n')) console.log(`# ${line}`)
    }
  }
  return failed
}
