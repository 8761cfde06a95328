// One browser for a file of tests; every page is watched for console errors and policy violations.
import { after, before } from 'node:test'
import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'

export const base = process.env.TIANYUAN_URL ?? 'http://127.0.0.1:8361'
export const admin = { username: 'admin', password: process.env.TIANYUAN_ADMIN_PASSWORD ?? '' }

let browser
export function withBrowser() {
  before(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    })
  })
  after(() => browser?.close())
}

/** A reader with their own cookies and store. `noise` collects what the console complained about. */
export async function reader(options = {}) {
  const context = await browser.newContext({ baseURL: base, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const noise = []
  page.on('console', (message) => {
    if (message.type() === 'error') noise.push(message.text())
  })
  page.on('pageerror', (error) => noise.push(error.message))
  const quiet = (expected = []) => {
    const left = noise.splice(0).filter((text) => !expected.some((pattern) => pattern.test(text)))
    assert.deepEqual(left, [], 'the console stays quiet')
  }
  return { context, page, quiet, close: () => context.close() }
}

/** No rule of axe is broken with nothing hovered. What is on its way in or out, or from one colour to another, is judged when it has arrived. */
export async function accessible(page) {
  await page.mouse.move(0, 0)
  await page.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => null))))
  const { violations } = await new AxeBuilder({ page }).analyze()
  assert.deepEqual(violations.map((one) => `${page.url()} ${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(' | ')}`), [])
}

export async function signIn(page, who = admin) {
  await page.goto('/sign-in')
  await page.getByLabel('用户名').fill(who.username)
  await page.getByLabel('密码', { exact: true }).fill(who.password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForURL((url) => url.pathname !== '/sign-in')
}

/** The API as a script uses it. */
export async function script(who = admin) {
  const opened = await fetch(`${base}/api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(who),
  })
  const { token } = await opened.json()
  const call = async (method, path, body, headers = {}) => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return response
  }
  const get = async (path) => (await call('GET', path)).json()
  const plan = (await get('/plans')).items[0]
  const measure = async (number) => (await get(`/plans/${plan.id}/measures?limit=100`)).items.find((one) => one.number === number)
  const indicator = async (number) => (await get(`/plans/${plan.id}/indicators`)).items.find((one) => one.number === number)
  return { call, get, plan, measure, indicator, token }
}
