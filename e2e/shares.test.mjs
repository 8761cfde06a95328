// Links: a page shown to people without an account, framed elsewhere, ended at a click.
import { it } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { accessible, reader, script, signIn, withBrowser } from './support.mjs'

withBrowser()

it('an indicator is shared, read on a phone, embedded, and revoked', async () => {
  const api = await script()
  const indicator = await api.indicator(10)
  const { page, quiet, close } = await reader()
  await signIn(page)
  await page.goto(`/indicators/${indicator.id}`)
  await page.getByRole('link', { name: '分享', exact: true }).click()
  await page.getByLabel('标题').fill('给专家组')
  await page.getByRole('button', { name: '生成链接' }).click()
  await page.getByText('链接已生成').waitFor()
  const link = await page.locator('.once code').textContent()
  const code = await page.locator('.embed code').textContent()
  await accessible(page)

  const phone = await reader({ viewport: { width: 390, height: 844 } })
  await phone.page.goto(link)
  await phone.page.getByRole('heading', { level: 1, name: '公共数据开放规模' }).waitFor()
  await phone.page.getByText('给专家组').waitFor()
  await phone.page.locator('canvas').first().waitFor()
  await accessible(phone.page)
  phone.quiet()

  // Another site frames it: its own origin, nothing of ours but the frame.
  const site = createServer((_, answer) => answer.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html><title>报道</title><h1>报道</h1>${code}`))
  await new Promise((resume) => site.listen(0, '127.0.0.1', resume))
  await phone.page.goto(`http://localhost:${site.address().port}/`)
  const frame = phone.page.frameLocator('iframe')
  await frame.getByRole('heading', { level: 1, name: '公共数据开放规模' }).waitFor()
  await frame.locator('canvas').first().waitFor()
  // The page itself may not be framed.
  const bare = await fetch(link)
  assert.equal(bare.headers.get('x-frame-options'), 'DENY')
  assert.match(bare.headers.get('content-security-policy'), /frame-ancestors 'none'/)
  site.close()

  await page.getByRole('button', { name: '我已保存' }).or(page.locator('.once').getByRole('button').last()).first().click()
  await page.getByRole('row', { name: /给专家组/ }).getByRole('button', { name: '收回' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '收回' }).click()
  await page.getByRole('row', { name: /给专家组/ }).getByText('已收回').waitFor()
  await phone.page.goto(link)
  await phone.page.getByText('此链接已到期或已被收回').waitFor()
  quiet()
  await phone.close()
  await close()
})

it('a draft is shown at a glance by its link, and by nothing else', async () => {
  const api = await script()
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const made = await (await api.call('POST', `/plans/${api.plan.id}/shares`, { page: 'wall', title: '领导审阅', expires_at: until })).json()
  const { page, quiet, close } = await reader({ viewport: { width: 1920, height: 1080 } })
  await page.goto(`/s/${made.token}`)
  await page.getByRole('heading', { level: 1, name: '领导审阅' }).waitFor()
  await page.getByText('数字经济规模', { exact: true }).waitFor()
  await accessible(page)
  assert.equal((await api.call('DELETE', `/shares/${made.share.id}`)).status, 204)
  await page.reload()
  await page.getByText('此链接已到期或已被收回').waitFor()
  quiet([/410/])
  await page.goto('/s/ts_unknown')
  await page.getByRole('alert').waitFor()
  quiet([/404/])
  await close()
})
