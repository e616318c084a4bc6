// Starts coffer-local in a folder of its own. It ends when this process does: it holds the other
// end of a pipe.
import { spawn, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

async function freePort() {
  const probe = createServer()
  await new Promise((done) => probe.listen(0, '127.0.0.1', done))
  const { port } = probe.address()
  await new Promise((done) => probe.close(done))
  return port
}

function firstLine(stream) {
  return new Promise((done) => {
    let text = ''
    stream.on('data', (data) => {
      text += data
      if (text.includes('\n')) done(text.slice(0, text.indexOf('\n')))
    })
    stream.on('end', () => done(text))
  })
}

export async function start(program) {
  const home = mkdtempSync(join(tmpdir(), 'coffer-sdk-'))
  const args = ['--home', home, '--port', String(await freePort()), '--ready-fd', '3', '--lifeline-fd', '4']
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'] })
  const ended = new Promise((done) => child.on('exit', done))
  const info = JSON.parse(await firstLine(child.stdio[3]))
  if (info.error) throw new Error(`coffer-local did not start: ${info.error.message}`)
  return {
    info,
    platform: join(home, 'local', 'platform'),
    credentials: (name) => JSON.parse(readFileSync(join(home, 'local', 'clients', `${name}.json`))),
    async stop() {
      child.kill('SIGTERM')
      const code = await ended
      rmSync(home, { recursive: true })
      return code
    }
  }
}

// A quote of the simulated platform.
export function makeQuote(tool, platform, { mrenclave, debug = false, reportData, form = 'sgx' }) {
  const out = execFileSync(tool, [platform, mrenclave, debug ? '1' : '0', reportData.toString('hex'), form])
  return Buffer.from(out.toString().trim(), 'base64url')
}
