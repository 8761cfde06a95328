// Follow-up: a reporter reports with evidence, the lead and the office return it, the reporter corrects,
// the office accepts; measure and indicator have moved and the facts verify.
import { it } from 'node:test'
import assert from 'node:assert/strict'
import { accessible, base, reader, script, signIn, withBrowser } from './support.mjs'

withBrowser()

const PASSWORD = '淀山湖上空飞过的白鹭群'

/** An account of a role, with a password of its own. */
async function account(api, username, roles) {
  const opened = await (await api.call('POST', '/people', { username, name: `示例 ${username}`, roles })).json()
  const send = (path, body, token) =>
    fetch(`${base}/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }, body: JSON.stringify(body) })
  const { token } = await (await send('/sessions', { username, password: opened.initial_password })).json()
  assert.equal((await send('/me/password', { current: opened.initial_password, new: PASSWORD }, token)).status, 200)
  return { username, password: PASSWORD }
}

async function openPeriod(api) {
  const { items } = await api.get(`/plans/${api.plan.id}/periods`)
  return items.find((one) => one.state === 'open')
}

it('a report goes from its unit to the measure and the indicator', async () => {
  const api = await script()
  const unit = (await api.get('/units?q=商务委')).items.find((one) => one.name === '商务委')
  const writer = await account(api, 'shangwu-writer', [{ role: 'unit_reporter', unit_id: unit.id }])
  const lead = await account(api, 'shangwu-lead', [{ role: 'unit_lead', unit_id: unit.id }])

  // What do I owe, by when; one click to the form.
  const mine = await reader()
  await signIn(mine.page, writer)
  await mine.page.getByRole('link', { name: '我的填报' }).click()
  await mine.page.getByRole('heading', { level: 1, name: '我的填报' }).waitFor()
  await mine.page.getByText('2025 年第一季度', { exact: true }).waitFor()
  await accessible(mine.page)
  await mine.page.getByRole('link', { name: /^22 持续加强重点区域招商/ }).click()
  await mine.page.getByRole('heading', { level: 1, name: /^22 / }).waitFor()
  await mine.page.getByRole('heading', { name: '填写报告' }).waitFor()
  await accessible(mine.page)

  // Evidence first, then the words; a figure in the wrong unit is asked about.
  await mine.page.locator('input[type=file]').setInputFiles({ name: '签约清单.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\n示例') })
  await mine.page.getByRole('link', { name: '签约清单.pdf' }).waitFor()
  await mine.page.getByText('推进中', { exact: true }).first().click()
  await mine.page.getByLabel('本期进展').fill('签约项目五个')
  await mine.page.getByLabel('数字贸易交易额').fill('７,５００,０００')
  await mine.page.getByRole('button', { name: '保存并报送' }).click()
  await mine.page.getByText('计量单位可能弄错了').waitFor()
  await mine.page.getByLabel('数值属实，单位无误').waitFor()
  await mine.page.getByLabel('数字贸易交易额').fill('７５.０')
  await mine.page.getByRole('button', { name: '保存并报送' }).click()
  await mine.page.getByText('已报送，等待审核').first().waitFor()
  mine.quiet([/422/])
  const address = new URL(mine.page.url()).pathname

  // The lead finds it among the reviews and sends it back.
  const boss = await reader()
  await signIn(boss.page, lead)
  await boss.page.getByRole('link', { name: '报告审核' }).click()
  await accessible(boss.page)
  await boss.page.getByRole('link', { name: /^22 / }).click()
  await boss.page.getByRole('button', { name: '审核通过' }).waitFor()
  await boss.page.getByLabel('退回原因').fill('请写明规上企业数')
  await accessible(boss.page)
  await boss.page.getByRole('button', { name: '退回', exact: true }).click()
  await boss.page.getByText('已退回').first().waitFor()

  await mine.page.goto(address)
  await mine.page.getByText('请写明规上企业数').first().waitFor()
  await mine.page.getByLabel('本期进展').fill('签约项目五个，其中规上企业两家')
  await mine.page.getByRole('button', { name: '保存并报送' }).click()
  await mine.page.getByText('已报送，等待审核').first().waitFor()

  await boss.page.goto(address)
  await boss.page.getByRole('button', { name: '审核通过' }).click()
  await boss.page.getByText('已审核，等待方案办公室采纳').first().waitFor()
  boss.quiet()
  await boss.close()

  // The office sees at a glance what waits, and accepts.
  const office = await reader()
  await signIn(office.page)
  await office.page.getByRole('link', { name: '填报跟踪' }).click()
  await office.page.getByText('其中负责人已审').waitFor()
  await accessible(office.page)
  await office.page.getByRole('link', { name: '待审核', exact: true }).click()
  await office.page.getByRole('link', { name: /^22 / }).click()
  await office.page.getByRole('button', { name: '采纳' }).click()
  await office.page.getByText('已采纳，举措和指标已更新').waitFor()
  for (let turn = 0; turn < 20; turn += 1) {
    const button = office.page.getByRole('button', { name: '核验凭证' })
    if (await button.count()) await button.first().click()
    if (await office.page.getByText('核验通过').first().waitFor({ timeout: 1000 }).then(() => true, () => false)) break
    assert.ok(turn < 19, 'the receipt verifies')
  }
  await office.page.goto(`/measures/${(await api.measure(22)).id}`)
  await office.page.getByText('商务委（推进中）：签约项目五个，其中规上企业两家').first().waitFor()
  const indicator = await api.indicator(5)
  assert.deepEqual([indicator.latest.value, indicator.latest.at, indicator.latest.source], [75, '2025-03-31', 'report'])
  office.quiet([/409/])
  await office.close()
  await mine.close()
})

it('two people who report at once see both texts', async () => {
  const api = await script()
  const period = await openPeriod(api)
  const line = (await api.get(`/periods/${period.id}/reports?measure=13`)).items[0]
  const { page, quiet, close } = await reader()
  await signIn(page)
  await page.goto(`/reports/${line.id}`)
  await page.getByText('推进中', { exact: true }).first().click()
  await page.getByLabel('本期进展').fill('我写的进展')
  const first = await api.call('PATCH', `/reports/${line.id}`, { state: 'delayed', body: '别人写的进展' }, { 'if-match': `"${line.version}"` })
  assert.equal(first.status, 200)
  await page.getByRole('button', { name: '存为草稿' }).click()
  const conflict = page.getByRole('alert').filter({ hasText: '有人先改了这条记录' })
  await conflict.getByText('别人写的进展').waitFor()
  await conflict.getByText('我写的进展').waitFor()
  await page.getByRole('button', { name: '用我填写的覆盖' }).click()
  await page.getByText('草稿已保存').waitFor()
  const now = await api.get(`/reports/${line.id}`)
  assert.deepEqual([now.body, now.stage], ['我写的进展', 'draft'])
  quiet([/412/])
  await close()
})

it('the office opens a period, reminds, and a unit reports by workbook', async () => {
  const api = await script()
  const { page, quiet, close } = await reader()
  await signIn(page)
  await page.goto('/follow-up?add=1')
  await page.getByLabel('周期').selectOption('month')
  await page.getByLabel('年份').fill('２０２５')
  await page.getByLabel('第几个').fill('4')
  await page.getByRole('button', { name: '开启填报期' }).click()
  await page.getByText('2025 年 4 月已开启，275 份报告待填').waitFor()
  await page.getByRole('heading', { name: '2025 年 4 月' }).waitFor()
  await page.getByRole('button', { name: '立即催报' }).click()
  await page.getByText(/已催 \d+ 个单位的 275 份报告/).waitFor()
  await page.getByRole('link', { name: '按举措' }).click()
  await page.getByRole('link', { name: /^1 打造集成电路/ }).waitFor()
  await accessible(page)
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: '下载工作簿' }).click()
  const path = await (await download).path()
  // As fetched, nothing is filled in: told so, and nothing is kept.
  await page.locator('input[type=file]').setInputFiles({ name: '四月.xlsx', mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', buffer: await (await import('node:fs/promises')).readFile(path) })
  await page.getByText('工作簿里没有填写任何报告').first().waitFor()
  await page.getByRole('button', { name: '结束填报' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '结束填报' }).click()
  await page.getByRole('button', { name: '重新开启' }).waitFor()
  const { items } = await api.get(`/plans/${api.plan.id}/periods`)
  assert.equal(items.find((one) => one.starts === '2025-04-01').state, 'closed')
  quiet([/422/])
  await close()
})

it('milestones are kept on the measure and stand on the schedule', async () => {
  const api = await script()
  const measure = await api.measure(20)
  const { page, quiet, close } = await reader()
  await signIn(page)
  await page.goto(`/measures/${measure.id}`)
  await page.getByRole('button', { name: '添加节点' }).first().click()
  await page.getByLabel('名称').fill('示例：入表企业满十家')
  await page.getByLabel('截止').fill('2025-10-31')
  await page.getByRole('button', { name: '添加节点' }).click()
  await page.getByText('示例：入表企业满十家').first().waitFor()
  // 38 is needed already; it cannot wait for 20 in turn.
  const ring = await api.call('POST', `/measures/${(await api.measure(38)).id}/dependencies`, { needs_id: measure.id })
  assert.equal(ring.status, 409)
  await page.goto('/schedule')
  await page.getByText('示例：入表企业满十家', { exact: false }).first().waitFor({ state: 'attached' })
  await accessible(page)
  await page.goto('/schedule?view=calendar&month=2025-10')
  await page.getByRole('link', { name: /示例：入表企业满十家/ }).first().waitFor()
  await accessible(page)
  quiet()
  await close()
})
