// Early warning: figures that contradict each other are found without anybody asking, the badge says
// how many wait, and what is done about one is seen there at once.
import { it } from 'node:test'
import assert from 'node:assert/strict'
import { accessible, base, reader, script, signIn, withBrowser } from './support.mjs'

withBrowser()

const PASSWORD = '淀山湖上空飞过的白鹭群'

/** Somebody of the plan office, with a password of their own. */
async function officer(api) {
  const username = 'guihua-officer'
  const opened = await (await api.call('POST', '/people', { username, name: '示例 规划办', roles: [{ role: 'plan_office', unit_id: null }] })).json()
  const send = (path, body, token) =>
    fetch(`${base}/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }, body: JSON.stringify(body) })
  const { token } = await (await send('/sessions', { username, password: opened.initial_password })).json()
  assert.equal((await send('/me/password', { current: opened.initial_password, new: PASSWORD }, token)).status, 200)
  return { username, password: PASSWORD }
}

it('a contradiction is found by itself and waits in the badge until somebody acts', async () => {
  const api = await script()
  const who = await officer(api)
  const office = await script(who)
  const before = await office.get('/me/warnings')
  // A sum since January that falls.
  const one = await api.indicator(1)
  for (const [at, value] of [['2025-03-31', 600], ['2025-06-30', 520]]) {
    const recorded = await api.call('POST', `/indicators/${one.id}/values`, { at, value })
    assert.equal(recorded.status, 201, await recorded.text())
  }
  let now = before
  for (let tries = 0; tries < 120 && now.waiting <= before.waiting; tries += 1) {
    await new Promise((resume) => setTimeout(resume, 500))
    now = await office.get('/me/warnings')
  }
  assert.ok(now.waiting > before.waiting, 'found without anybody asking')

  const { page, quiet, close } = await reader()
  await signIn(page, who)
  const badge = page.getByRole('link', { name: new RegExp(`预警：${now.waiting} 条等您处理`) })
  await badge.waitFor()
  await accessible(page)
  await badge.click()
  await page.waitForURL(/\/warnings\?mine=true/)
  await page.getByRole('link', { name: /数字经济规模/ }).first().click()
  await page.getByRole('button', { name: '确认收到' }).click()
  await page.getByRole('link', { name: new RegExp(`预警：${now.waiting - 1} 条等您处理`) }).waitFor()
  // The button that stands where the one just pressed stood is not told by its hovered colours.
  await page.mouse.move(5, 5)
  await page.waitForTimeout(500)
  await accessible(page)
  quiet()
  await close()
})
