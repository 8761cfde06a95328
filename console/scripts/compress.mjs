// Puts .br and .gz beside every asset worth compressing, and prints what the first load weighs.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const compressible = /\.(js|css|html|svg|json|txt|webmanifest)$/
const sizes = new Map()

function walk(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) walk(path)
    else if (compressible.test(name)) compress(path)
  }
}

function compress(path) {
  const bytes = readFileSync(path)
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
  const gzip = gzipSync(bytes, { level: 9 })
  sizes.set(path.slice(dist.length), { brotli: brotli.length, gzip: gzip.length })
  if (bytes.length < 512) return
  writeFileSync(`${path}.br`, brotli)
  writeFileSync(`${path}.gz`, gzip)
}

// What a browser fetches for "/": the page, what it names, and the overview route with its imports.
function firstLoad() {
  const html = readFileSync(join(dist, 'index.html'), 'utf8')
  const wanted = new Set(['/index.html', ...[...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((m) => m[1])])
  const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'))
  const add = (key) => {
    const chunk = manifest[key]
    if (!chunk || wanted.has(`/${chunk.file}`) && key !== 'index.html') return
    wanted.add(`/${chunk.file}`)
    for (const css of chunk.css ?? []) wanted.add(`/${css}`)
    for (const next of chunk.imports ?? []) add(next)
  }
  add('index.html')
  add('src/shell/AppShell.vue')
  add('src/pages/overview/OverviewPage.vue')
  let brotli = 0
  let gzip = 0
  for (const path of wanted) {
    brotli += sizes.get(path)?.brotli ?? 0
    gzip += sizes.get(path)?.gzip ?? 0
  }
  const kb = (n) => (n / 1024).toFixed(1)
  console.log(`first load of "/": ${kb(brotli)} KB brotli, ${kb(gzip)} KB gzip, ${wanted.size} files`)
  if (gzip > 250 * 1024) {
    console.error('the first route may weigh 250 KB compressed at most')
    process.exit(1)
  }
}

walk(dist)
firstLoad()
