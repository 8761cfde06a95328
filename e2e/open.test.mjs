// The public portal: found by words and pinyin, looked at as table, chart and map, downloaded, called by program.
import { before, it } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataOfficer, openDataset } from './datasets.mjs'
import { accessible, base, reader, script, withBrowser } from './support.mjs'

withBrowser()
const TOWNS = ['盈浦街道', '朱家角镇', '金泽镇', '练塘镇']
const pavilions = (rows, more) =>
  ['编号,凉亭名称,所在镇,经度,纬度,面积,建成日期', ...Array.from({ length: rows }, (_, i) => `T${String(i + 1).padStart(3, '0')},示例${i + 1}号亭,${TOWNS[i % 4]},${(120.9 + (i % 10) / 50).toFixed(4)},${(31.05 + (i % 7) / 60).toFixed(4)},${20 + i + (i === 0 ? more : 0)},20${10 + (i % 12)}-0${1 + (i % 9)}-15`)].join('\n')
const fields = {
  编号: { name: 'id', key: true, unique: true, required: true, meaning: '凉亭编号' },
  凉亭名称: { name: 'name' },
  所在镇: { name: 'town', values: TOWNS },
  经度: { name: 'lon', role: 'longitude' },
  纬度: { name: 'lat', role: 'latitude' },
  面积: { name: 'area', unit: '平方米', min: 0 },
  建成日期: { name: 'built' },
}
const common = { themes: ['culture', 'city'], tags: ['凉亭', '休憩'], sample: true, contact: { name: '示例数据科', phone: '', email: '' } }

before(async () => {
  const officer = await dataOfficer(await script(), `portal-${process.pid}`)
  await openDataset(officer, {
    ...common,
    code: 'pavilions',
    title: '凉亭休憩点名录',
    title_en: 'Pavilions to rest in',
    summary: '示例：凉亭的名称、位置和面积。',
    summary_en: 'Sample: names, places and areas of pavilions.',
    files: [
      { name: '凉亭 2023.csv', bytes: pavilions(100, 0), fields },
      { name: '凉亭 2024.csv', bytes: pavilions(120, 9), fields },
    ],
  })
  await openDataset(officer, {
    ...common,
    code: 'helpers',
    title: '凉亭志愿者（脱敏）',
    opening_terms: '示例：脱敏后开放，便于统计。',
    files: [{ name: 'a.csv', bytes: `姓名,电话,次数\n${Array.from({ length: 20 }, (_, i) => `示例${i},138000011${String(i).padStart(2, '0')},${i}`).join('\n')}`, fields: { 姓名: { grade: 4 }, 电话: { grade: 3, otherwise: { kind: 'mask', keep_first: 3, keep_last: 2 } } } }],
  })
  await openDataset(officer, {
    ...common,
    code: 'repairs',
    title: '凉亭维修台账',
    opening: 'conditional',
    opening_terms: '示例：签订协议后提供。',
    files: [{ name: 'a.csv', bytes: '亭号,费用\nT001,300\nT002,500\n' }],
  })
})

async function settled(page) {
  // What is being replaced is paler for that moment.
  await page.locator('[aria-busy="true"]').first().waitFor({ state: 'hidden' })
  await accessible(page)
}
async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.ok(content <= window, `${page.url()} is ${content} px wide in ${window}`)
}
const query = (page) => new URL(page.url()).searchParams
const tab = (page, name) => page.getByRole('tab', { name }).click()

it('a dataset is found by pinyin, by words and by what narrows a search', async () => {
  const { page, quiet, close } = await reader()
  await page.goto('/open')
  await page.getByRole('heading', { level: 1, name: '开放数据' }).waitFor()
  const box = page.getByRole('combobox', { name: '搜索数据集' })

  // Initials suggest a title; the keyboard takes it.
  await box.fill('ltxq')
  await page.getByRole('option', { name: /凉亭休憩点名录/ }).waitFor()
  await settled(page)
  await box.press('ArrowDown')
  await box.press('Enter')
  await page.getByRole('heading', { level: 1, name: '凉亭休憩点名录' }).waitFor()
  await page.goBack()

  // Words find and are marked; pinyin finds the same.
  await box.fill('凉亭')
  await box.press('Enter')
  await page.getByRole('heading', { name: '找到 3 个数据集' }).waitFor()
  assert.equal(query(page).get('q'), '凉亭')
  assert.deepEqual([...new Set(await page.locator('.found h3 mark').allTextContents())], ['凉亭'])
  await page.goto('/open?q=liangting')
  await page.getByRole('heading', { name: '找到 3 个数据集' }).waitFor()

  // A facet narrows, stands in the address, and goes away again.
  await page.getByRole('button', { name: /GeoJSON/ }).click()
  await page.getByRole('heading', { name: '找到 1 个数据集' }).waitFor()
  assert.equal(query(page).get('format'), 'geojson')
  await page.getByRole('button', { name: '去掉「GeoJSON」' }).click()
  await page.getByRole('button', { name: /有条件开放/ }).click()
  await page.getByRole('link', { name: '凉亭维修台账' }).waitFor()
  await page.goBack()
  await page.getByRole('heading', { name: '找到 3 个数据集' }).waitFor()
  await page.getByLabel('排序').selectOption({ label: '数据量' })
  await page.waitForURL(/sort=rows/)
  await page.locator('.found').first().getByText('凉亭休憩点名录').waitFor()
  await settled(page)

  // Nothing found says what to do.
  await page.goto('/open?q=qqzzxx')
  await page.getByText('没有找到「qqzzxx」').waitFor()
  await page.getByRole('button', { name: '看全部数据集' }).click()
  await page.getByRole('heading', { name: /^共 \d+ 个数据集$/ }).waitFor()
  quiet()
  await close()
})

it('rows are narrowed, ordered and paged, and the address keeps it all', async () => {
  const { page, quiet, close } = await reader()
  await page.goto('/open/datasets/pavilions')
  await page.getByText('共 120 行 · 已载入 100 行').waitFor()
  await page.getByRole('button', { name: '载入更多' }).click()
  await page.getByText('共 120 行', { exact: true }).waitFor()
  assert.equal(await page.locator('tbody tr').count(), 120)

  await page.getByRole('button', { name: '面积', exact: true }).click()
  await page.getByRole('columnheader', { name: /面积/ }).and(page.locator('[aria-sort="ascending"]')).waitFor()
  await page.getByRole('button', { name: '面积', exact: true }).click()
  await page.locator('tbody tr').first().getByText('T120').waitFor()

  await page.getByRole('button', { name: '添加条件' }).click()
  await page.getByLabel('字段', { exact: true }).selectOption({ label: '面积（平方米）' })
  await page.getByLabel('值', { exact: true }).fill('many')
  await page.getByRole('button', { name: '应用' }).click()
  await page.getByRole('alert').getByText('请填写数字').waitFor()
  await settled(page)
  await page.getByLabel('值', { exact: true }).fill('130')
  await page.getByRole('button', { name: '应用' }).click()
  await page.getByText('符合条件的有 10 行').waitFor()
  assert.deepEqual(query(page).getAll('f'), ['area:ge:130'])
  await page.reload()
  await page.getByText('符合条件的有 10 行').waitFor()
  await page.locator('tbody tr').first().getByText('T120').waitFor()

  // The file holds the same rows in the same order.
  const href = await page.getByRole('link', { name: '下载筛选结果（CSV）' }).getAttribute('href')
  const lines = (await (await fetch(new URL(href, base))).text()).trim().split('\n')
  assert.equal(lines.length, 11)
  assert.match(lines[1], /^T120,/)

  // Words that no text holds.
  await page.getByLabel('在文本中查找').fill('没有的字')
  await page.getByText('没有符合条件的行').waitFor()
  await page.getByRole('button', { name: '清除筛选' }).first().click()
  await page.getByText('共 120 行 · 已载入 100 行').waitFor()
  quiet()
  await close()
})

it('rows become a chart and a map', async () => {
  const { page, quiet, close } = await reader()
  await page.goto('/open/datasets/pavilions?tab=chart')
  await page.getByRole('radio', { name: '柱形图' }).check({ force: true })
  await page.getByLabel('按什么分组').selectOption({ label: '所在镇' })
  await page.getByRole('heading', { level: 3, name: /按所在镇/ }).waitFor()
  await page.getByLabel('统计', { exact: true }).selectOption({ label: '行数' })
  await page.getByRole('heading', { level: 3, name: '行数，按所在镇' }).waitFor()
  await page.getByText('4 组中最高的是').waitFor()
  await page.getByRole('button', { name: '看数据表' }).click()
  assert.equal(await page.locator('.behind tbody tr').count(), 4)
  await page.getByText('这张图的 SQL').click()
  await page.getByText('FROM "pavilions"').waitFor()
  await settled(page)
  for (const [kind, title] of [['折线图', /按所在镇/], ['散点图', /与/], ['分布图', /的分布/]]) {
    await page.getByRole('radio', { name: kind }).check({ force: true })
    await page.getByRole('heading', { level: 3, name: title }).waitFor()
  }
  // A chart has an address of its own.
  const drawn = await page.getByRole('heading', { level: 3 }).first().textContent()
  await page.reload()
  await page.getByRole('heading', { level: 3, name: drawn }).waitFor()

  await tab(page, '地图')
  await page.getByText('图上有 120 处').waitFor()
  await page.getByRole('button', { name: '示例1号亭' }).click()
  await page.locator('.row-of').getByText('T001').waitFor()
  await settled(page)
  await page.getByRole('button', { name: '放大' }).click()
  await page.getByText('图上有 120 处').waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: '全部', exact: true }).click()
  await page.getByText('图上有 120 处').waitFor()
  quiet()
  await close()
})

it('fields, quality and versions are told, and what changed between versions', async () => {
  const { page, quiet, close } = await reader()
  await page.goto('/open/datasets/pavilions')
  await tab(page, '字段')
  await page.getByRole('row', { name: /编号/ }).getByText('凉亭编号').waitFor()
  await settled(page)
  await tab(page, '质量')
  await page.getByRole('heading', { name: '逐条规则' }).waitFor()
  await page.getByText('2 个版本，从').waitFor()
  await page.getByRole('button', { name: '列出' }).click()
  await page.getByRole('cell', { name: '主键不重复' }).waitFor()
  await settled(page)
  await tab(page, '版本')
  await page.getByRole('button', { name: '看差异' }).click()
  await page.getByText('新增 20 行，删除 0 行，修改 1 行').waitFor()
  await page.getByRole('cell', { name: '修改' }).waitFor()
  await settled(page)
  await page.getByRole('button', { name: '看这一版的数据' }).click()
  await page.getByText('正在看第 1 版的数据').waitFor()
  await page.getByText('共 100 行').waitFor()
  quiet()
  await close()
})

it('what may not leave does not, and the terms are told', async () => {
  const { page, quiet, close } = await reader()
  await page.goto('/open/datasets/helpers')
  await page.getByRole('cell', { name: '138******00' }).waitFor()
  assert.doesNotMatch(await page.content(), /13800001100|示例0/)
  await tab(page, '字段')
  await page.getByRole('row', { name: /姓名/ }).getByText('不提供').waitFor()
  await page.getByRole('row', { name: /电话/ }).getByText('遮盖').waitFor()
  await page.goto('/open/datasets/repairs')
  await page.getByText('数据不直接开放').waitFor()
  assert.ok((await page.getByText('示例：签订协议后提供。').count()) > 0)
  assert.equal(await page.getByRole('tab', { name: '接口' }).count(), 0)
  await settled(page)
  quiet()
  await page.goto('/open/datasets/nowhere')
  await page.getByRole('heading', { level: 1, name: '没有这个数据集' }).waitFor()
  await settled(page)
  quiet([/404/])
  await close()
})

it('every file can be had', async () => {
  const { page, quiet, close } = await reader()
  await page.goto('/open/datasets/pavilions')
  const menu = page.getByRole('region', { name: '下载' })
  for (const [format, head] of [['CSV', '\ufeff编号'], ['XLSX', 'PK'], ['JSON', '['], ['NDJSON', '{'], ['GeoJSON', '{"type":"FeatureCollection"'], ['Parquet', 'PAR1']]) {
    const [download] = await Promise.all([page.waitForEvent('download'), menu.getByLabel(`下载 ${format}`, { exact: true }).click()])
    const bytes = readFileSync(await download.path())
    assert.ok(bytes.toString('utf8').startsWith(head), `${format}: ${bytes.subarray(0, 40)}`)
    assert.match(download.suggestedFilename(), /^pavilions/, format)
  }
  quiet()
  await close()
})

const RUN = { curl: ['sh', 'x.sh'], JavaScript: [process.execPath, 'x.mjs'], Python: ['python3', 'x.py'], R: ['Rscript', 'x.R'] }
const has = (command, args) => spawnSync(command, args, { encoding: 'utf8' }).status === 0

it('the lines of code run as they are pasted', async () => {
  const { page, quiet, close } = await reader()
  await page.goto('/open/datasets/pavilions?tab=api')
  await page.locator('pre code').waitFor()
  await settled(page)
  const languages = page.getByRole('group', { name: '语言' })
  const tasks = page.getByRole('group', { name: '做什么' })
  const left = []
  for (const language of ['curl', 'JavaScript', 'Python', 'R']) {
    await languages.getByRole('button', { name: language, exact: true }).click()
    for (const task of ['取全部', '筛选', 'SQL 统计', 'Parquet']) {
      await tasks.getByRole('button', { name: task, exact: true }).click()
      const code = await page.locator('pre code').textContent()
      assert.ok(code.includes(base), `${language} ${task} names this node`)
      const needs = (await page.getByText(/^需要：/).allTextContents())[0] ?? ''
      const [command, file] = RUN[language]
      const names = language === 'Python' || language === 'R' ? needs.replace('需要：', '').split(', ').filter(Boolean) : []
      const there = language === 'Python' ? has('python3', ['-c', `import json ${names.map((one) => `, ${one}`).join('')}`]) : language === 'R' ? has('Rscript', ['-e', names.map((one) => `library(${one})`).join(';') || '1']) : true
      if (!there) {
        left.push(`${language} ${task}`)
        continue
      }
      const folder = mkdtempSync(join(tmpdir(), 'portal-'))
      writeFileSync(join(folder, file), code)
      const ran = spawnSync(command, [file], { cwd: folder, encoding: 'utf8', timeout: 60_000 })
      assert.equal(ran.status, 0, `${language} ${task}: ${ran.stderr}\n${code}`)
      const files = readdirSync(folder).filter((one) => one !== file)
      const found = ran.stdout.trim().length > 0 || (files.length > 0 && files.every((one) => statSync(join(folder, one)).size > 500))
      assert.ok(found, `${language} ${task} answers something`)
      if (language !== 'R' && task === '筛选') assert.match(ran.stdout, /盈浦街道/, `${language}: rows of a town`)
      if (files.some((one) => one.endsWith('.parquet'))) assert.equal(readFileSync(join(folder, 'pavilions.parquet')).subarray(0, 4).toString(), 'PAR1')
      rmSync(folder, { recursive: true })
    }
  }
  if (left.length) console.log(`NOT RUN, their libraries are missing here: ${left.join(', ')}`)
  quiet()
  await close()
})

it('the portal works on a phone, in English too, and loads little', async () => {
  const { page, quiet, close } = await reader({ viewport: { width: 390, height: 844 }, hasTouch: true })
  const loaded = new Map()
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const urls = new Map()
  session.on('Network.responseReceived', (event) => urls.set(event.requestId, event.response.url))
  session.on('Network.loadingFinished', (event) => loaded.set(urls.get(event.requestId), event.encodedDataLength))
  await page.goto('/open')
  await page.getByRole('heading', { level: 1, name: '开放数据' }).waitFor()
  await page.locator('.found').first().waitFor()
  const sum = () => [...loaded].filter(([url]) => /\/assets\//.test(url ?? '')).reduce((all, [, bytes]) => all + bytes, 0)
  assert.ok(sum() <= 250 * 1024, `the first page weighs ${sum()} bytes`)
  await page.goto('/open/datasets/pavilions')
  await page.getByText('共 120 行').waitFor()
  assert.ok(![...loaded.keys()].some((url) => /plot|CanvasRenderer/.test(url ?? '')), 'charts come when they are wanted')
  await page.goto('/open?q=凉亭')
  await page.getByRole('button', { name: /缩小范围/ }).click()
  await page.getByRole('button', { name: /文化休闲/ }).click()
  await page.waitForURL(/theme=culture/)
  await settled(page)
  await fits(page)
  await page.getByRole('button', { name: 'English' }).click()
  await page.getByRole('link', { name: 'Pavilions to rest in' }).waitFor()
  await settled(page)
  await fits(page)
  for (const name of ['table', 'chart', 'map', 'dictionary', 'quality', 'versions', 'api']) {
    await page.goto(`/open/datasets/pavilions?tab=${name}`)
    await page.getByRole('heading', { level: 1, name: 'Pavilions to rest in' }).waitFor()
    await page.getByRole('tab', { selected: true }).waitFor()
    await page.getByText('Loading…').waitFor({ state: 'hidden' })
    await settled(page)
    await fits(page)
  }
  quiet()
  await close()
})
