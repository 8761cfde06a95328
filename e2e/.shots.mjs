import { chromium } from 'playwright-core'
const base = process.env.BASE, out = process.env.OUT ?? '/tmp/shots'
const lang = process.env.L ?? 'en', width = Number(process.env.W ?? 1440), height = Number(process.env.H ?? 900)
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] })
const c = await b.newContext({ baseURL: base, viewport: { width, height } })
const page = await c.newPage()
page.on('console', (m) => m.type() === 'error' && console.log('console', m.text()))
page.on('pageerror', (e) => console.log('error', e.message))
await page.goto('/sign-in')
await page.evaluate((l) => localStorage.setItem('tianyuan.lang', JSON.stringify(l)), lang)
const who = { username: 'admin', password: process.env.PW }
await page.evaluate(async (w) => { await fetch('/api/v1/sessions', { method: 'POST', headers: { 'content-type': 'application/json', 'x-tianyuan': '1' }, body: JSON.stringify(w) }) }, who)
await page.goto('/sign-in')
if (!process.env.ANON) {
  const inputs = page.locator('input')
  if (await inputs.count()) { await inputs.nth(0).fill(who.username); await inputs.nth(1).fill(who.password); await page.locator('button[type=submit]').click(); await page.waitForURL((u) => u.pathname !== '/sign-in').catch((e) => console.log(e.message)) }
}
for (const p of process.argv.slice(2)) {
  await page.goto(p); await page.waitForLoadState('networkidle').catch(() => {}); await page.waitForTimeout(700)
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  const name = `${out}/${lang}-${width}-${p.replace(/[^\w]+/g, '_')}.png`
  await page.screenshot({ path: name, fullPage: process.env.FULL !== '0' })
  console.log(name, over > 0 ? `OVERFLOW ${over}` : '')
}
await b.close()
