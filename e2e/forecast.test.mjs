// Foresight: a target's chance on the indicator and in the list; an event before and after; a goal
// counted firm by firm.
import { it } from 'node:test'
import { accessible, reader, script, signIn, withBrowser } from './support.mjs'

withBrowser()

it('an indicator says how sure its target is, and the list puts the doubtful first', async () => {
  const { page, quiet, close } = await reader()
  await signIn(page)
  await page.goto('/risks')
  await page.getByRole('heading', { level: 1, name: '目标风险' }).waitFor()
  await page.getByRole('row').nth(1).waitFor()
  await accessible(page)
  await page.getByRole('row').nth(1).getByRole('link').first().click()
  await page.getByRole('heading', { name: '走势与预测' }).waitFor()
  await page.getByLabel('站在哪一天看').fill('2020-01-01')
  await page.getByText('无法预测').first().waitFor()
  await page.getByRole('button', { name: '回到今天' }).click()
  await accessible(page)
  quiet()
  await close()
})

it('an event is compared before and after, and kept', async () => {
  const api = await script()
  const indicator = await api.indicator(4)
  for (const [at, value] of [['2020-12-31', 3], ['2021-03-31', 4], ['2021-06-30', 5], ['2021-09-30', 7], ['2021-12-31', 14], ['2022-03-31', 17], ['2022-06-30', 18], ['2022-09-30', 21]]) {
    await api.call('POST', `/indicators/${indicator.id}/values`, { at, value })
  }
  const { page, quiet, close } = await reader()
  await signIn(page)
  await page.goto('/effects')
  await page.getByLabel('指标', { exact: true }).selectOption(indicator.id)
  await page.getByLabel('事件日期').fill('2021-10-15')
  await page.getByRole('button', { name: '先看结果' }).click()
  await page.getByText('事件发生时水平变化').waitFor()
  await accessible(page)
  await page.getByLabel('事件名称').fill('示例办法施行')
  await page.getByRole('button', { name: '保存这份对比' }).click()
  await page.getByRole('link', { name: '示例办法施行' }).click()
  await page.getByRole('heading', { level: 1, name: '示例办法施行' }).waitFor()
  await accessible(page)
  quiet()
  await close()
})

it('a goal is counted firm by firm, never twice, and an entry is struck with its reason', async () => {
  const { page, close } = await reader()
  await signIn(page)
  await page.goto('/goals')
  await page.getByRole('link', { name: '企业上市' }).click()
  await page.getByRole('heading', { level: 1, name: '企业上市' }).waitFor()
  const add = async (name) => {
    await page.getByLabel('企业或批次名称').fill(name)
    await page.getByLabel('日期', { exact: false }).first().fill('2024-02-01')
    await page.getByRole('button', { name: '登记一条' }).click()
  }
  await add('示例企业甲')
  await page.getByRole('row', { name: /示例企业甲/ }).waitFor()
  await add('示例企业 甲')
  await page.getByText('不能重复计').first().waitFor()
  await accessible(page)
  await page.getByRole('row', { name: /示例企业甲/ }).getByRole('button', { name: '剔除' }).click()
  await page.getByLabel('原因').fill('示例：材料不全')
  await page.getByRole('button', { name: '剔除' }).first().click()
  await page.getByText('已剔除：示例：材料不全').waitFor()
  await close()
})
