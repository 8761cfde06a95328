// Every page, wide and on a phone: axe finds nothing, nothing scrolls sideways, the console is quiet.
import { describe, it } from 'node:test'
import assert from 'node:assert/strict'
import { accessible, reader, script, signIn, withBrowser } from './support.mjs'

withBrowser()

async function addresses() {
  const api = await script()
  const unit = (await api.get('/units?limit=1')).items[0]
  const periods = (await api.get(`/plans/${api.plan.id}/periods`)).items
  const open = periods.find((one) => one.state === 'open' && one.counts.owed > 0)
  const closed = periods.find((one) => one.state === 'closed' && one.counts.accepted > 0)
  const report = async (period, query) => (await api.get(`/periods/${period.id}/reports?${query}`)).items[0].id
  const person = (await api.get('/people?limit=1')).items[0]
  const round = (await api.get(`/plans/${api.plan.id}/rounds`)).items.find((one) => one.state === 'open')
  const topic = (await api.get(`/rounds/${round.id}/topics`)).items[0]
  const opinion = (await api.get(`/rounds/${round.id}/opinions`)).items[0]
  return [
    '/',
    '/plan#programme-5',
    '/measures',
    `/measures/${(await api.measure(16)).id}`,
    '/indicators',
    `/indicators/${(await api.indicator(7)).id}`,
    '/follow-up?add=1',
    ...['waiting', 'measures', 'reports', 'changes'].map((view) => `/follow-up?period=${closed.id}&view=${view}`),
    '/my-reports',
    '/reviews',
    `/reports/${await report(open, 'stage=owed')}`,
    `/reports/${await report(closed, 'stage=accepted')}`,
    '/schedule',
    '/schedule?view=calendar&month=2024-12',
    '/risks',
    '/goals',
    '/effects',
    '/composite',
    '/warnings',
    '/warnings/rules',
    '/papers',
    '/papers/setup',
    '/compare',
    '/screen/setup',
    '/shares?add=1',
    '/participation?add=1',
    `/participation/${round.id}`,
    `/participation/${round.id}/opinions?add=1`,
    `/participation/${round.id}/topics`,
    `/participation/${round.id}/report`,
    `/participation/topics/${topic.id}`,
    `/participation/opinions/${opinion.id}`,
    '/datasets',
    '/sql',
    '/open',
    '/open?q=gongyuan',
    '/open/participation',
    `/open/participation/${round.id}`,
    '/plans/import',
    '/units',
    `/units/${unit.id}`,
    '/people?add=1',
    `/people/${person.id}`,
    '/may',
    '/audit',
    '/ledgers',
    '/jobs',
    '/me',
    '/about',
    '/nowhere',
  ]
}

async function looked(page, address) {
  await page.goto(address)
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  await page.getByText('正在读取').or(page.getByText('Loading…')).waitFor({ state: 'hidden' }).catch(() => undefined)
  await page.waitForTimeout(350)
}

const looks = [
  { name: 'wide, Chinese', options: {}, kept: {} },
  { name: '390 px, Chinese', options: { viewport: { width: 390, height: 844 }, hasTouch: true }, kept: {} },
  { name: 'wide, English, large text', options: {}, kept: { 'tianyuan.lang': '"en"', 'tianyuan.large': 'true' } },
]

for (const look of looks) {
  describe(look.name, () => {
    it('every page is accessible, fits and is quiet', async () => {
      const { page, quiet, close } = await reader(look.options)
      await page.goto('/sign-in')
      await accessible(page)
      await signIn(page)
      await page.evaluate((kept) => Object.entries(kept).forEach(([name, value]) => localStorage.setItem(name, value)), look.kept)
      for (const address of await addresses()) {
        await looked(page, address)
        await accessible(page)
        const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
        assert.ok(content <= window, `${address} is ${content} px wide in ${window}`)
        quiet()
      }
      await close()
    })
  })
}

describe('by keyboard', () => {
  it('skips to the content, walks a list and opens a row', async () => {
    const { page, quiet, close } = await reader()
    await signIn(page)
    await page.goto('/measures')
    await page.getByText('共 48 条').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'content')
    await page.locator('tbody tr').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: /^2 / }).waitFor()
    quiet()
    await close()
  })

  it('prints without rail and tools', async () => {
    const { page, close } = await reader()
    await signIn(page)
    await page.goto('/indicators')
    await page.getByText('共 10 条').waitFor()
    await page.emulateMedia({ media: 'print' })
    assert.equal(await page.getByRole('navigation', { name: '主导航' }).isVisible(), false)
    assert.equal(await page.getByRole('table').isVisible(), true)
    await close()
  })
})
