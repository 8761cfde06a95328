// A round from its opening to its report: the office, a stranger on a phone, and the office again.
import { it } from 'node:test'
import assert from 'node:assert/strict'
import { accessible, reader, script, signIn, withBrowser } from './support.mjs'

withBrowser()
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.ok(content <= window, `${page.url()} is ${content} px wide in ${window}`)
}
const confirm = (page, name) => page.getByRole('dialog').getByRole('button', { name }).click()

it('a round is opened, answered by a stranger on a phone, decided and reported', async () => {
  const api = await script()
  const { page, quiet, close } = await reader()
  await signIn(page)

  // The office sets up a round and opens it.
  await page.goto('/participation?add=1')
  await page.getByLabel('名称').fill('夜间公交征询')
  await page.getByLabel('征询内容').fill('夜间公交怎样安排更方便？')
  await page.getByRole('button', { name: '建立轮次' }).click()
  await page.getByRole('heading', { level: 1, name: '夜间公交征询' }).waitFor()
  const id = new URL(page.url()).pathname.split('/').pop()
  const open = `/open/participation/${id}`
  await page.getByRole('button', { name: '开始征询' }).click()
  await confirm(page, '开始征询')
  await page.getByText('正在收集意见').waitFor()
  await accessible(page)

  // One opinion is typed and its group shown to the public.
  await page.goto(`/participation/${id}/opinions?add=1`)
  await page.getByLabel('渠道', { exact: true }).first().selectOption({ label: '书面征求意见' })
  await page.locator('.intake textarea').first().fill('公交末班车太早，晚上九点以后回家没有车。')
  await page.getByRole('button', { name: '录入这条' }).click()
  await page.getByText('已录入，归入').waitFor()
  await page.getByRole('row', { name: /公交末班车太早/ }).getByRole('link', { name: '公交末班车太早' }).last().click()
  await page.getByRole('button', { name: '在公开页面展示' }).click()
  await page.getByText('公众能看到陈述并表态').waitFor()
  await accessible(page)

  // A stranger on a phone reads, sees what is similar, agrees, and sends words of their own.
  const phone = await reader({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await phone.page.goto('/open/participation')
  await phone.page.getByRole('link', { name: /夜间公交征询/ }).first().click()
  await phone.page.getByRole('heading', { level: 1, name: /夜间公交征询/ }).waitFor()
  await phone.page.getByText('功能引领赋能计划').click()
  await phone.page.getByRole('heading', { name: '打造集成电路发展硬核实力' }).waitFor()
  await accessible(phone.page)
  await fits(phone.page)
  await phone.page.getByLabel('您的意见').fill('公交末班车太早了，晚上回家没有车，请加开晚班车。<b>谢谢</b> 🙏')
  await phone.page.getByRole('button', { name: '下一步：看看别人怎么说' }).click()
  await phone.page.getByText('有人说过相近的意见').waitFor()
  await phone.page.getByText(/相似度 \d+ %/).first().waitFor()
  await phone.page.locator('.send').getByRole('button', { name: '赞同' }).first().click()
  await phone.page.locator('.send').getByText('赞同 1').waitFor()
  await accessible(phone.page)
  await phone.page.getByRole('button', { name: '提交我的意见' }).click()
  const mine = await phone.page.locator('.send .link').textContent()
  await phone.page.goto(mine)
  await phone.page.getByText('<b>谢谢</b> 🙏').waitFor()
  await phone.page.getByText('还没有公布答复').waitFor()
  await accessible(phone.page)
  await fits(phone.page)

  // A workbook: wrong places are named by column and row, a right one is taken.
  const rounds = (await api.get(`/plans/${api.plan.id}/rounds`)).items
  const book = async (title) => {
    const round = rounds.find((one) => one.title.includes(title))
    const answer = await api.call('GET', `/rounds/${round.id}/opinions.xlsx`)
    return { name: 'opinions.xlsx', mimeType: XLSX, buffer: Buffer.from(await answer.arrayBuffer()) }
  }
  await page.goto(`/participation/${id}/opinions?add=1`)
  await page.getByLabel('渠道', { exact: true }).first().selectOption({ label: '书面征求意见' })
  await page.getByRole('tab', { name: '导入 Excel' }).click()
  const chooser = page.locator('input[type=file]')
  await chooser.setInputFiles(await book('（草案）'))
  await page.getByText(/C2 听取对象中没有/).waitFor()
  await chooser.setInputFiles(await book('网上意见征集'))
  await page.getByText('共 7 条，其中 0 条已有').waitFor()
  await page.getByRole('button', { name: '录入', exact: true }).click()
  await page.getByText('新增 7 条').waitFor()
  await accessible(page)

  // Two groups on one thing are merged by hand, and the group decided with a reason.
  const body = { channel_id: (await api.get(`/rounds/${id}`)).channels.find((one) => one.kind === 'written').id }
  const add = async (text) => (await api.call('POST', `/rounds/${id}/opinions`, { ...body, text })).json()
  const taxi = await add('夜里打车难，路边等半小时也没有出租车。')
  const parking = await add('夜里打车不方便，出租车少，公交末班车又早。')
  const topics = (await api.get(`/rounds/${id}/topics`)).items
  const bus = topics.find((one) => one.title.startsWith('公交末班车太早'))
  assert.ok(bus.voices >= 2, 'the stranger’s words stand with the office’s')
  assert.ok(taxi.topic.id !== bus.id)
  await page.goto(`/participation/topics/${bus.id}`)
  const like = page.locator('li', { has: page.getByRole('button', { name: '并到本组' }) }).first()
  await like.getByText(/共同的词/).waitFor()
  await like.getByRole('button', { name: '并到本组' }).click()
  await confirm(page, '合并')
  await page.getByText('人工归入').first().waitFor()
  assert.ok((await api.get(`/topics/${bus.id}`)).voices > bus.voices)
  await page.getByRole('button', { name: '作出处理' }).click()
  await page.getByText('请写理由。').waitFor()
  await page.getByLabel('理由').fill('客流数据支持加开晚班车。')
  await page.getByLabel('答复', { exact: true }).fill('将加开晚班车，末班延到十点半。')
  await page.getByLabel('修改方案的哪一条').selectOption({ index: 30 })
  await page.getByLabel('修改后的文字').fill('优化夜间公交班次。')
  await page.getByRole('button', { name: '作出处理' }).click()
  await page.getByText('本组已全部处理').waitFor()
  await accessible(page)

  // The stranger finds the answer; the report counts.
  await phone.page.goto(mine)
  await phone.page.getByText('将加开晚班车').waitFor()
  await phone.page.getByText('采纳', { exact: true }).waitFor()
  await phone.page.goto(open)
  await phone.page.locator('#answers').getByText('将加开晚班车').waitFor()
  await accessible(phone.page)
  const report = await api.get(`/rounds/${id}/report`)
  const decided = (await api.get(`/topics/${bus.id}`)).voices
  assert.equal(report.total.adopted, decided)
  assert.equal(report.total.received, report.total.adopted + report.total.undecided)
  await page.goto(`/participation/${id}/report`)
  const total = page.getByRole('row', { name: /合计/ })
  await total.getByRole('cell', { name: String(report.total.received), exact: true }).first().waitFor()
  await page.getByText('优化夜间公交班次。').waitFor()
  await accessible(page)
  assert.ok(parking.id)
  quiet()
  phone.quiet()
  await phone.close()
  await close()
})

it('the sample round reads as its source counts it, on the page and on paper', async () => {
  const { page, quiet, close } = await reader({ acceptDownloads: true })
  await signIn(page)
  await page.goto('/participation')
  await page.getByRole('link', { name: '行动方案（草案）公众参与' }).click()
  await page.getByRole('link', { name: '报告', exact: true }).click()
  const cells = async (name) => (await page.getByRole('row', { name }).getByRole('cell').allTextContents()).map((one) => one.trim())
  await page.getByRole('heading', { level: 1, name: /参与情况报告/ }).waitFor()
  assert.deepEqual((await cells(/实地走访/)).slice(3), ['15', '12', '3', '0', '0'])
  assert.deepEqual((await cells(/书面征求意见/)).slice(3), ['41', '30', '7', '4', '0'])
  assert.deepEqual((await cells(/人大代表专项听取/)).slice(3), ['12', '9', '3', '0', '0'])
  assert.deepEqual((await cells(/听证会/)).slice(3), ['', '', '', '', ''])
  await page.getByText('听证会已举行，未统计条数，留空。').waitFor()

  // The same counts as a Word paper, to read, to print and to hand on.
  await page.getByRole('button', { name: '编成 Word 报告' }).click()
  await page.getByLabel('编发单位').fill('规划办公室')
  await page.getByRole('button', { name: '开始编制' }).click()
  const paper = page.getByRole('listitem').filter({ hasText: '公众参与情况报告：' }).first()
  await paper.getByText('已编成').waitFor()
  await accessible(page)
  const [word] = await Promise.all([page.waitForEvent('download'), paper.getByRole('link', { name: /^Word/ }).click()])
  assert.match(word.suggestedFilename(), /公众参与情况报告.*\.docx$/)
  await paper.getByRole('link', { name: /公众参与情况报告/ }).click()
  const sheet = page.locator('.sheet')
  await sheet.getByText('共收到意见 68 条').waitFor()
  await sheet.getByText('规划办公室').waitFor()
  const printed = async (name) => (await sheet.getByRole('row', { name }).first().getByRole('cell').allTextContents()).map((one) => one.trim()).slice(-5)
  assert.deepEqual(await printed(/^书面征求意见/), ['41', '30', '7', '4', '0'])
  assert.deepEqual(await printed(/^听证会/), ['', '', '', '', ''])
  assert.doesNotMatch(await sheet.textContent(), /\{\{|undefined|NaN/)
  await accessible(page)
  quiet()
  await close()
})
