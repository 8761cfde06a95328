// A data officer's morning: a GBK file dropped on the list, its fields settled, its bad rows left
// out, published, checked for people who could be told apart, and asked in SQL; the open-data
// indicator moves by itself.
import { it } from 'node:test'
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { gbk, visits } from './gbk.mjs'
import { accessible, reader, script, signIn, withBrowser } from './support.mjs'

withBrowser()
const NAME = '窗口办件登记_2024.csv'
const ROWS = 40_000

/** Drops a file on an element, as from the desktop. */
async function drop(page, target, name, bytes) {
  const data = await page.evaluateHandle(
    ({ name, base64 }) => {
      const transfer = new DataTransfer()
      const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))
      transfer.items.add(new File([bytes], name, { type: 'text/csv' }))
      return transfer
    },
    { name, base64: bytes.toString('base64') },
  )
  await target.dispatchEvent('dragover', { dataTransfer: data })
  await target.dispatchEvent('drop', { dataTransfer: data })
}

/** The plan's open-data indicator measured by the platform; answers its id. */
async function bound(api) {
  const all = (await api.get(`/plans/${api.plan.id}/indicators?limit=100`)).items
  const one = all.find((each) => each.unit === '万条')
  await api.call('PATCH', `/indicators/${one.id}`, { metric: 'chain.open_rows' }, { 'if-match': `"${one.version}"` })
  return one.id
}
async function unbound(api, id) {
  const one = await api.get(`/indicators/${id}`)
  await api.call('PATCH', `/indicators/${id}`, { metric: null }, { 'if-match': `"${one.version}"` })
}
async function measured(api, id, rows) {
  for (let tries = 0; tries < 100; tries += 1) {
    const values = (await api.get(`/indicators/${id}/values?limit=200`)).items.filter((one) => one.source === 'metric')
    const found = values.find((one) => Math.abs(one.value - rows / 10_000) < 1e-6)
    if (found) return found.value
    await new Promise((next) => setTimeout(next, 100))
  }
  throw new Error('the indicator was not measured')
}
const openRows = async (api) => (await api.get('/open-rows?limit=200')).items.reduce((sum, one) => sum + one.rows, 0)
const line = (page, name) => page.locator('tbody', { has: page.locator(`input.title`) }).filter({ has: page.getByLabel(`「${name}」的类型`) })

it('a GBK file of forty thousand rows is brought in, settled and published in minutes', async () => {
  const api = await script()
  const before = await openRows(api)
  const indicator = await bound(api)
  const was = await measured(api, indicator, before)
  const { page, quiet, close } = await reader({ acceptDownloads: true })
  page.setDefaultTimeout(60_000)
  await signIn(page)
  await page.goto('/datasets')
  await page.getByText('把 CSV、Excel、JSON、Parquet 文件拖到这里').waitFor()
  await accessible(page)

  await drop(page, page.locator('.drop'), NAME, gbk(visits(ROWS)))
  const form = page.locator('section.new')
  assert.equal(await form.getByLabel('名称').inputValue(), '窗口办件登记 2024')
  await form.getByRole('button', { name: '新建并上传' }).click()
  await form.getByText('请选择提供单位').waitFor()
  await form.getByLabel('提供单位').selectOption({ index: 1 })
  await form.getByRole('button', { name: '新建并上传' }).click()

  await page.getByRole('heading', { name: /识别出 10 个字段、40,000 行/ }).waitFor()
  await page.getByText('GB 18030 (GBK)').first().waitFor()
  await page.getByText(/发现 2 个敏感字段：身份证号、手机号/).waitFor()
  // Codes keep their zeros and stay text; days of two shapes are days.
  assert.equal(await page.getByLabel('「登记编号」的类型').inputValue(), 'text')
  assert.equal(await page.getByLabel('「行政区划代码」的类型').inputValue(), 'text')
  assert.equal(await page.getByLabel('「受理日期」的类型').inputValue(), 'date')
  await line(page, '登记编号').getByText('000001').waitFor()
  assert.equal(await page.getByLabel('「身份证号」的分级').inputValue(), '4')
  await accessible(page)

  // A lower grade needs a reason.
  await page.getByLabel('「手机号」的分级').selectOption('1')
  await page.getByRole('button', { name: '校验每一行' }).click()
  await line(page, '手机号').getByText(/要降低分级，请写明理由/).waitFor()
  await page.getByLabel('「手机号」的分级').selectOption('3')
  await page.getByLabel('「登记编号」的说明和规则').click()
  await page.getByLabel('主键').check()
  await page.getByRole('button', { name: '校验每一行' }).click()

  await page.getByText('39,997 行可以入库').waitFor()
  await page.getByText('3 行不合格').waitFor()
  await page.getByText('应有 10 列，这一行有 2 列。').waitFor()
  const [rejects] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /下载全部不合格的行/ }).click()])
  const csv = await readFile(await rejects.path(), 'utf8')
  assert.match(csv, /“等候分钟”应为整数，这里是“很久”/)
  await page.getByText('/ 100 分').waitFor()
  const take = page.getByRole('button', { name: '39,997 行入库' })
  assert.equal(await take.isDisabled(), true, 'rows that do not fit hold it up')
  await page.getByLabel('不要这 3 行，其余的入库').check()
  await take.click()
  await page.getByText('已入库，成为第 1 版').waitFor()

  // Opening follows from the grades unless somebody decides, with a reason.
  assert.equal(await page.getByRole('radio', { name: /不予开放/ }).isChecked(), true)
  await page.getByRole('radio', { name: /无条件开放/ }).check()
  await page.getByRole('button', { name: '发布到目录' }).click()
  await page.getByText('按分级应为「不予开放」，更开放请写明理由').waitFor()
  await page.getByLabel(/比分级建议更开放的理由/).fill('身份证号和手机号已遮盖，其余按目录开放')
  await page.getByRole('button', { name: '发布到目录' }).click()
  await page.getByText('已发布', { exact: true }).waitFor()
  await page.getByText('共 39,997 行').waitFor()
  await page.getByRole('cell', { name: /^31011819\d{9}[\dX]$/ }).first().waitFor()
  await page.getByLabel('看公众看到的样子').check()
  await page.getByRole('cell', { name: /^310118\*{12}$/ }).first().waitFor()
  await accessible(page)
  quiet([/status of 422/])

  assert.equal(await openRows(api), before + 39_997)
  // The plan's figure follows by itself the next time it is measured, which binding asks for.
  await unbound(api, indicator)
  await bound(api)
  const now = await measured(api, indicator, before + 39_997)
  assert.ok(Math.abs(now - was - 3.9997) < 1e-6, `${was} became ${now}`)
  await close()
})

it('what everybody gets is masked, and the indicator has moved', async () => {
  const api = await script()
  const found = (await api.get('/datasets?q=' + encodeURIComponent('窗口办件登记'))).items[0]
  const stranger = await fetch(new URL(`/api/v1/datasets/${found.code}/rows?limit=3`, process.env.TIANYUAN_URL))
  const row = (await stranger.json()).items[1]
  const fields = Object.fromEntries(found.fields.map((one) => [one.title, one.name]))
  assert.match(row[fields['身份证号']], /^310118\*{12}$/)
  assert.match(row[fields['手机号']], /^138\*{4}\d{4}$/)
  assert.equal(row[fields['登记编号']], '000001')
  const metrics = await fetch(new URL('/api/v1/open-rows', process.env.TIANYUAN_URL))
  assert.ok((await metrics.json()).items.some((one) => one.code === found.code && one.rows === 39_997))
})

it('a file goes on after a lost connection, and after its page was closed', async () => {
  const { page, context, close } = await reader()
  page.setDefaultTimeout(60_000)
  await signIn(page)
  const bytes = gbk(visits(30_000, { bad: false }))
  const name = '办件续传.csv'
  // The third piece is lost on the way, and the line stays dead.
  let pieces = 0
  const dead = (route) => {
    pieces += 1
    return pieces === 3 ? route.abort() : route.continue()
  }
  await page.route('**/content?offset=*', dead)
  await page.goto('/datasets')
  await page.locator('input[type=file]').first().setInputFiles({ name, mimeType: 'text/csv', buffer: bytes })
  const form = page.locator('section.new')
  await form.getByLabel('提供单位').selectOption({ index: 1 })
  await form.getByRole('button', { name: '新建并上传' }).click()
  // It goes on by itself from where the node has it.
  await page.getByRole('heading', { name: /识别出 10 个字段、30,000 行/ }).waitFor()
  assert.ok(pieces > 3)
  await page.unroute('**/content?offset=*', dead)

  // A page that is closed half way: the same file again sends only the rest.
  const dataset = page.url().replace(/\/uploads\/.*/, '')
  let sent = 0
  await page.route('**/content?offset=*', (route) => {
    sent += 1
    return sent > 1 ? route.abort() : route.continue()
  })
  await page.goto(dataset)
  await page.locator('aside input[type=file]').setInputFiles({ name, mimeType: 'text/csv', buffer: bytes })
  await page.waitForURL(/uploads/)
  const address = page.url()
  await page.getByText(/已到 256 KB/).waitFor()
  const again = await context.newPage()
  const offsets = []
  again.on('request', (request) => request.url().includes('/content?offset=') && offsets.push(Number(new URL(request.url()).searchParams.get('offset'))))
  await page.close()
  await again.goto(address)
  await again.getByText('没有传完').waitFor()
  const chooser = again.locator('main input[type=file]')
  await chooser.setInputFiles({ name: '别的.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') })
  await again.getByText(/这不是同一个文件/).waitFor()
  await chooser.setInputFiles({ name, mimeType: 'text/csv', buffer: bytes })
  await again.getByRole('heading', { name: /识别出 10 个字段、30,000 行/ }).waitFor({ timeout: 60_000 })
  assert.equal(offsets[0], 256 * 1024)
  await close()
})

it('people who could be told apart hold an opening up, and a proposal lets it pass', async () => {
  const { page, quiet, close } = await reader()
  page.setDefaultTimeout(60_000)
  await signIn(page)
  await page.goto('/datasets')
  const towns = ['东街', '西街']
  const ills = ['甲', '乙', '丙']
  const text = ['年龄,街道,病种', ...Array.from({ length: 60 }, (_, n) => `${20 + n},${towns[n % 2]},${ills[n % 3]}`)].join('\n')
  await page.locator('input[type=file]').first().setInputFiles({ name: '就诊登记.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
  const form = page.locator('section.new')
  await form.getByLabel('提供单位').selectOption({ index: 1 })
  await form.getByRole('button', { name: '新建并上传' }).click()
  await page.getByLabel('「年龄」的可识别性').selectOption('identifying')
  await page.getByLabel('「街道」的可识别性').selectOption('identifying')
  await page.getByLabel('「病种」的可识别性').selectOption('sensitive')
  await page.getByRole('button', { name: '校验每一行' }).click()
  await page.getByRole('button', { name: '60 行入库' }).click()
  await page.getByText('已入库，成为第 1 版').waitFor()
  await page.getByRole('button', { name: '发布到目录' }).click()
  await page.getByText(/60 行所在的组不足 5 行/).waitFor()
  await page.getByRole('button', { name: /去做去标识化检查/ }).click()
  const card = page.locator('.disclosure')
  await card.getByRole('button', { name: '检查', exact: true }).click()
  await card.getByText(/不通过：最小的组只有 1 行/).waitFor()
  await card.getByText('建议的概括方式').waitFor()
  await accessible(page)
  await card.getByRole('button', { name: '采用建议' }).click()
  await page.getByText('已保存').waitFor()
  await page.getByRole('radio', { name: /无条件开放/ }).check()
  await page.getByLabel(/比分级建议更开放的理由/).fill('已按建议概括')
  await page.locator('form').getByRole('button', { name: '发布到目录' }).click()
  await page.getByText('已发布', { exact: true }).waitFor()
  quiet([/status of 409/])
  await close()
})

it('an older version comes back, and the difference is shown', async () => {
  const { page, quiet, close } = await reader()
  page.setDefaultTimeout(60_000)
  const api = await script()
  const found = (await api.get('/datasets?q=' + encodeURIComponent('窗口办件登记'))).items[0]
  await signIn(page)
  await page.goto(`/datasets/${found.id}`)
  await page.locator('aside input[type=file]').setInputFiles({ name: NAME, mimeType: 'text/csv', buffer: gbk(visits(ROWS - 10, { bad: false })) })
  await page.getByRole('button', { name: '校验每一行' }).click()
  await page.getByRole('button', { name: /行入库/ }).click()
  await page.getByText('已入库，成为第 2 版').waitFor()
  await page.goto(`/datasets/${found.id}?tab=versions`)
  await page.getByRole('button', { name: '看差异' }).click()
  await page.getByText('新增 3 行，删除 10 行，修改 0 行').waitFor()
  await page.getByRole('button', { name: '回退到这一版' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '回退到这一版' }).click()
  await page.getByText('共 39,997 行').or(page.getByText('39,997 行，10 个字段')).first().waitFor()
  quiet()
  await close()
})

it('SQL is completed, answered as a table and a chart, and says what is wrong', async () => {
  const { page, quiet, close } = await reader({ acceptDownloads: true })
  page.setDefaultTimeout(30_000)
  await signIn(page)
  await page.goto('/sql')
  await page.getByText('窗口办件登记 2024').waitFor()
  await accessible(page)
  const statement = page.getByRole('textbox', { name: 'SQL 语句' })
  await statement.click()
  await page.keyboard.type('SELECT * FROM chuangk')
  await page.getByRole('option', { name: /窗口办件登记 2024/ }).waitFor()
  await page.keyboard.press('Tab')
  const table = (await statement.inputValue()).replace('SELECT * FROM ', '')
  assert.match(table, /^chuangkou_/)
  await statement.fill(`SELECT jiedao, count(*) AS n FROM ${table} GROUP BY jiedao ORDER BY n DESC`)
  await page.keyboard.press('Control+Enter')
  await page.getByText(/^8 行，用时/).waitFor()
  await page.getByRole('cell', { name: '夏阳街道' }).waitFor()
  await page.getByRole('tab', { name: '图' }).click()
  await page.getByText(/8 组中最高的是/).waitFor()
  await accessible(page)
  const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '导出 CSV' }).click()])
  assert.match(await readFile(await csv.path(), 'utf8'), /^jiedao,n\n/)
  quiet()
  await statement.fill(`SELECT nothing FROM ${table}`)
  await page.getByRole('button', { name: '运行' }).click()
  await page.getByRole('alert').getByText(/nothing/).waitFor()
  quiet([/status of 422/])
  await close()
})
