// Serves dist with the strict content security policy in front of a running node:
// TIANYUAN_NODE=http://127.0.0.1:8361 node dev/serve.mjs [port]. Not shipped.
import { createServer, request as ask } from 'node:http'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const node = new URL(process.env.TIANYUAN_NODE ?? 'http://127.0.0.1:8361')
const dist = fileURLToPath(new URL('../dist', import.meta.url))
const types = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const passed = /^\/(api|auth|ledger|openapi\.json|docs|healthz|readyz)(\/|$)/

createServer((request, response) => {
  const url = new URL(request.url, node)
  if (passed.test(url.pathname)) {
    const onward = ask(url, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    response.on('close', () => onward.destroy())
    return request.pipe(onward)
  }
  const file = join(dist, url.pathname)
  const found = existsSync(file) && statSync(file).isFile() ? file : join(dist, 'index.html')
  response.writeHead(200, { 'Content-Type': types[found.split('.').pop()] ?? 'application/octet-stream', 'Content-Security-Policy': csp })
  return response.end(readFileSync(found))
}).listen(Number(process.argv[2] ?? 0), '127.0.0.1', function () {
  console.log(`http://127.0.0.1:${this.address().port}`)
})
