// The wall: fits both shapes of screen, is readable across a room, and moves when something moved.
import { it } from 'node:test'
import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import { reader, script, signIn, withBrowser } from './support.mjs'

withBrowser()

/** 1/54 of the height is one em of the wall; the smallest letters are 1/45 of it or more. */
const LETTERS_PX_MIN = 1080 / 45

for (const [width, height] of [[1920, 1080], [3840, 1080]]) {
  it(`a stranger sees the public wall at ${width} × ${height}, whole and large`, async () => {
    const { page, quiet, close } = await reader({ viewport: { width, height } })
    await page.goto('/screen')
    await page.getByRole('heading', { level: 1, name: '长三角数字干线青浦区行动方案' }).waitFor()
    await page.getByText('数字经济规模', { exact: true }).waitFor()
    await page.getByText('件事实已入账').waitFor()
    const seen = await page.evaluate(() => {
      const texts = [...document.querySelectorAll('main *')].filter((one) => {
        const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
        return own && !one.closest('.visually-hidden') && one.getClientRects().length > 0
      })
      return texts.map((one) => {
        const box = one.getBoundingClientRect()
        const drawn = one.ownerSVGElement ? one.getScreenCTM().d : 1
        return { text: one.textContent.trim(), size: Number.parseFloat(getComputedStyle(one).fontSize) * drawn, right: box.right, bottom: box.bottom }
      })
    })
    assert.ok(seen.length > 60, `${seen.length} texts`)
    for (const one of seen) {
      assert.ok(one.size >= LETTERS_PX_MIN, `「${one.text}」 is ${one.size} px`)
      assert.ok(one.right <= width + 1 && one.bottom <= height + 1, `「${one.text}」 leaves the wall`)
    }
    for (let number = 1; number <= 13; number += 1) {
      const name = page.locator('.at-layers li p', { has: page.locator('.n', { hasText: new RegExp(`^${number}$`) }) })
      assert.ok(await name.isVisible(), `programme ${number}`)
    }
    const { violations } = await new AxeBuilder({ page }).analyze()
    assert.deepEqual(violations.map((one) => one.id), [])
    quiet()
    await close()
  })
}

it('what is recorded stands on the wall at once, lit', async () => {
  const { page, quiet, close } = await reader({ viewport: { width: 3840, height: 1080 } })
  await signIn(page)
  await page.goto('/screen?pace=60')
  await page.getByText('实时').waitFor()
  const api = await script()
  const indicator = await api.indicator(6)
  const sent = await api.call('POST', `/indicators/${indicator.id}/values`, { at: '2025-03-31', value: 23 }, { 'Idempotency-Key': 'wall-1' })
  assert.equal(sent.status, 201)
  const row = page.locator('.at-indicators li', { hasText: '数字商务服务开放场景' })
  await row.locator('.value', { hasText: /^\s*23\s/ }).waitFor()
  assert.match((await row.getAttribute('class')) ?? '', /lit/)
  quiet()
  await close()
})

it('the office puts a wall together, and its address alone says it', async () => {
  const { page, quiet, close } = await reader()
  await signIn(page)
  await page.getByRole('link', { name: '大屏' }).click()
  await page.getByLabel('标题').fill('值班室')
  await page.getByText('各项计划', { exact: true }).click()
  await page.getByText('关注事项', { exact: true }).click()
  const address = await page.locator('code.address').textContent()
  const stranger = await reader({ viewport: { width: 1920, height: 1080 } })
  await stranger.page.goto(address)
  await stranger.page.getByRole('heading', { level: 1, name: '值班室' }).waitFor()
  await stranger.page.getByRole('region', { name: '空间格局' }).waitFor()
  assert.equal(await stranger.page.getByRole('region', { name: '各项计划' }).count(), 0)
  assert.equal(await stranger.page.getByRole('region', { name: '关注事项' }).count(), 0)
  quiet()
  await stranger.close()
  await close()
})
