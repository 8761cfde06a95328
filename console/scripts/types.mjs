// Writes src/api/schema.d.ts from the OpenAPI snapshot at the root of the repository.
import { existsSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const snapshot = here('../../openapi.json')
if (existsSync(snapshot)) {
  const tool = here('../node_modules/openapi-typescript/bin/cli.js')
  execFileSync(process.execPath, [tool, snapshot, '-o', here('../src/api/schema.d.ts')], { stdio: 'inherit' })
} else {
  console.warn('openapi.json is missing; src/api/schema.d.ts is left as it is')
}
