import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? sources(path) : /\.(vue|ts)$/.test(name) ? [path] : []
  })
}

describe('sources', () => {
  it('hold no Chinese words outside the dictionary', () => {
    const data = /i18n[/\\]words|lib[/\\]format\.ts|shared[/\\]states|plan[/\\]ChangesView|chart[/\\]TrendChart|papers[/\\]fonts|components\.d\.ts|schema\.d\.ts/
    const found = sources('src')
      .filter((path) => !data.test(path))
      .filter((path) => {
        const code = readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|^\s*\/\/.*$/gm, '')
        return /[\u4e00-\u9fff]/.test(code)
      })
    expect(found).toEqual([])
  })

  it('hold no inline styles or raw HTML, which the content security policy forbids', () => {
    const found = sources('src').filter((path) => / style="|v-html|innerHTML|\beval\(|new Function\(/.test(readFileSync(path, 'utf8')))
    expect(found).toEqual([])
  })
})
