// Starts a server, and the tests in a process that trusts the server's root from its start.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { start } from './server.mjs'

const [name, folder, program, tool] = process.argv.slice(2)
const here = dirname(fileURLToPath(import.meta.url))
const server = await start(program)
const settings = { folder, tool, info: server.info, platform: server.platform,
  clients: { owner: server.credentials('owner'), agent: server.credentials('agent') } }
const tests = spawn(process.execPath, [join(here, `test_${name}.mjs`)], {
  stdio: ['pipe', 'inherit', 'inherit'],
  env: { ...process.env, NODE_EXTRA_CA_CERTS: server.info.ca }
})
tests.stdin.end(JSON.stringify(settings))
const code = await new Promise((done) => tests.on('exit', done))
const ended = await server.stop()
if (ended !== 0) console.log(`# coffer-local ended with ${ended}`)
process.exit(code || ended)
