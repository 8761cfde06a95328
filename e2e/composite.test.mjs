// Comparing units: a choice changed, an index saved, its result kept; a warning found and answered.
import { it } from 'node:test'
import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import { reader, signIn, withBrowser } from './support.mjs'

withBrowser()

async function accessible(page) {
  const { violations } = await new AxeBuilder({ page }).analyze()
  assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(' | ')}`), [])
}

it('units are compared, a choice is changed, the index is saved and its result kept', async () => {
  const { page, quiet, close } = await reader()
  await signIn(page)
  await page.goto('/composite')
  await page.getByRole('heading', { level: 1, name: '评价指数' }).waitFor()
  await page.getByText('这个名次能信到什么程度').waitFor()
  await page.getByLabel('合成方式').first().selectOption('geometric')
  await page.waitForURL(/aggregation=geometric/)
  await page.getByLabel('权重', { exact: true }).first().selectOption('ahp')
  await page.getByText('一致性比率').waitFor()
  await page.getByLabel('权重', { exact: true }).first().selectOption('entropy')
  await page.waitForURL(/weighting=entropy/)
  await accessible(page)
  await page.getByRole('button', { name: '保存为指数' }).click()
  await page.getByLabel('名称').fill('熵权几何（示例）')
  await page.getByRole('button', { name: '保存为指数' }).click()
  await page.waitForURL(/index=index_/)
  await page.getByRole('button', { name: '留存今天的结果' }).click()
  await page.getByText('前三名').waitFor()
  await page.getByRole('table', { name: '留存的结果' }).or(page.locator('table').last()).first().waitFor()
  await accessible(page)
  quiet()
  await close()
})

it('warnings are looked for, one is answered and closed, a rule is changed', async () => {
  const { page, quiet, close } = await reader()
  await signIn(page)
  await page.goto('/warnings')
  await page.getByRole('button', { name: '现在检查' }).click()
  await page.getByText('检查完毕').waitFor()
  await page.locator('tbody tr').first().click()
  await page.waitForURL(/\/warnings\/warning_/)
  await page.getByRole('button', { name: '答复' }).click()
  await page.getByLabel('情况和打算').fill('已与单位核对，下月补齐。')
  await page.getByRole('button', { name: '答复' }).click()
  await page.getByText('已与单位核对，下月补齐。').waitFor()
  await accessible(page)
  await page.getByRole('button', { name: '关闭预警' }).click()
  await page.getByLabel('原因').fill('统计口径调整')
  await page.getByRole('button', { name: '关闭预警' }).click()
  await page.getByText('已关闭').first().waitFor()
  await page.goto('/warnings/rules')
  await page.getByRole('row', { name: /长期未更新/ }).getByRole('button', { name: '修改' }).click()
  await page.getByLabel('多少天没有新数值').fill('90')
  await page.getByRole('button', { name: '保存' }).click()
  await page.getByRole('row', { name: /长期未更新/ }).getByText('90').waitFor()
  await accessible(page)
  quiet()
  await close()
})
