// Papers: a bulletin made, read, printed and opened; figures as a workbook; the office's template.
import { it } from 'node:test'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { inflateRawSync } from 'node:zlib'
import { accessible, reader, signIn, withBrowser } from './support.mjs'

withBrowser()

/** The parts of a zip file, by its central directory. */
function parts(bytes) {
  const found = new Map()
  let at = bytes.readUInt32LE(bytes.lastIndexOf('PK\x05\x06', bytes.length, 'latin1') + 16)
  while (bytes.readUInt32LE(at) === 0x02014b50) {
    const [method, size, name, extra, comment, from] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20), bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30), bytes.readUInt16LE(at + 32), bytes.readUInt32LE(at + 42)]
    const start = from + 30 + bytes.readUInt16LE(from + 26) + bytes.readUInt16LE(from + 28)
    const packed = bytes.subarray(start, start + size)
    found.set(bytes.toString('utf8', at + 46, at + 46 + name), method === 8 ? inflateRawSync(packed) : packed)
    at += 46 + name + extra + comment
  }
  return found
}

/** Every XML part is read by the browser's own parser. */
async function wellFormed(page, files) {
  for (const [name, bytes] of files) {
    if (!/\.(xml|rels)$/.test(name)) continue
    const wrong = await page.evaluate((text) => new DOMParser().parseFromString(text, 'application/xml').querySelector('parsererror')?.textContent, bytes.toString('utf8'))
    assert.equal(wrong, undefined, `${name}: ${wrong}`)
  }
}

async function choose(page, label, option) {
  await page.locator('form').getByLabel(label, { exact: true }).selectOption({ label: option })
}

async function make(page, kind, period) {
  await page.goto('/papers')
  await page.getByRole('button', { name: '编制', exact: true }).click()
  await choose(page, '文种', kind)
  await choose(page, '期间', period)
  await page.getByLabel('编发单位').fill('规划办公室')
  await page.getByRole('button', { name: '开始编制' }).click()
  const row = page.getByRole('row', { name: new RegExp(`${period}${kind}`) }).first()
  await row.getByText('已编成').waitFor()
  return row
}

async function download(page, link) {
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()])
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) }
}

it('a bulletin is made, read, printed and opened', async () => {
  const { page, quiet, close } = await reader({ acceptDownloads: true })
  await signIn(page)
  const row = await make(page, '工作简报', '2024年第四季度')
  await accessible(page)
  await row.getByRole('link', { name: /2024年第四季度工作简报/ }).click()
  await page.getByRole('heading', { level: 1, name: /2024年第四季度工作简报/ }).waitFor()
  const sheet = page.locator('.sheet')
  await sheet.getByText('截至2024年12月31日').first().waitFor()
  await sheet.getByText('规划办公室').waitFor()
  await sheet.locator('figure svg[role=img]').first().waitFor()
  assert.doesNotMatch(await sheet.textContent(), /\{\{|undefined|NaN/)
  await accessible(page)
  const pdf = await page.pdf({ preferCSSPageSize: true })
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-')
  assert.match(pdf.toString('latin1'), /\/MediaBox \[\s*0 0 59[45]\.?\d* 84[12]/)

  const word = await download(page, page.getByRole('link', { name: '下载 Word' }))
  assert.match(word.name, /工作简报.*\.docx$/)
  const files = parts(word.bytes)
  assert.ok(files.has('word/charts/paper1.xml') && files.has('word/embeddings/paper1.xlsx'))
  assert.match(files.get('word/document.xml').toString('utf8'), /截至2024年12月31日/)
  await wellFormed(page, files)
  await wellFormed(page, parts(files.get('word/embeddings/paper1.xlsx')))
  quiet()
  await close()
})

it('figures are a workbook with charts', async () => {
  const { page, quiet, close } = await reader({ acceptDownloads: true })
  await signIn(page)
  const row = await make(page, '指标图表', '2024年第四季度')
  const excel = await download(page, row.getByRole('link', { name: /^Excel/ }))
  assert.match(excel.name, /\.xlsx$/)
  const files = parts(excel.bytes)
  assert.ok([...files.keys()].filter((name) => name.startsWith('xl/charts/chart')).length > 10)
  await wellFormed(page, files)
  quiet()
  await close()
})

it('the office puts its own template in force, and hears what is wrong with another', async () => {
  const { page, quiet, close } = await reader({ acceptDownloads: true })
  await signIn(page)
  await page.goto('/papers/setup')
  const card = page.locator('li', { hasText: '工作简报 · 英文' })
  const taken = await download(page, card.getByRole('link', { name: '下载模板' }))
  const input = card.locator('input[type=file]')
  const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
  await input.setInputFiles({ name: 'own.docx', mimeType: docx, buffer: taken.bytes })
  await card.getByText(/本单位模板/).waitFor()
  await accessible(page)
  await input.setInputFiles({ name: 'memo.txt', mimeType: 'text/plain', buffer: Buffer.from('x') })
  await card.getByText('请选 .docx 文件。').waitFor()
  await card.getByRole('button', { name: '恢复默认' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '恢复默认' }).click()
  await card.getByText('默认模板').first().waitFor()
  quiet()

  await page.getByRole('button', { name: '增加' }).first().click()
  await page.getByLabel('截止后天数').fill('500')
  await page.locator('form').getByRole('button', { name: '增加' }).click()
  await page.getByText('请填 0 到 120 的整数。').waitFor()
  await page.getByLabel('截止后天数').fill('3')
  await page.locator('form').getByRole('button', { name: '增加' }).click()
  const row = page.getByRole('row', { name: /工作简报 · 季 · 中文/ })
  await row.getByRole('button', { name: '取消' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '取消', exact: true }).last().click()
  await page.getByText('还没有设定定期编制').waitFor()
  quiet()
  await close()
})
