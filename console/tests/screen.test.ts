import { describe, expect, it } from 'vitest'
import type { Overview } from '@/api/types'
import { place, textWidth } from '@/pages/screen/labels'
import { moved } from '@/pages/screen/news'
import { PACE_S, pagesOf, panels, read, type Settings, TITLE_CHARS_MAX, write } from '@/pages/screen/settings'

describe('the address of a wall', () => {
  it('is empty for the default and read back the same otherwise', () => {
    const usual: Settings = { plan: null, title: '', panels: [...panels], pace_s: PACE_S, lang: null }
    expect(write(usual)).toEqual({})
    expect(read({})).toEqual(usual)
    const own: Settings = { plan: 'plan_1', title: '值班室', panels: ['map', 'attention'], pace_s: 30, lang: 'en' }
    expect(read(write(own) as Record<string, string>)).toEqual(own)
  })
  it('never leaves the wall empty, hurried or flooded', () => {
    const odd = read({ panels: 'nothing', pace: '0', lang: 'fr', title: '长'.repeat(500), plan: ['a', 'b'] })
    expect(odd).toEqual({ plan: null, title: '长'.repeat(TITLE_CHARS_MAX), panels: [...panels], pace_s: PACE_S, lang: null })
  })
})

describe('pages', () => {
  it('hold everything once, in order, as even as it goes', () => {
    expect(pagesOf([1, 2, 3, 4, 5, 6, 7], 5)).toEqual([[1, 2, 3, 4], [5, 6, 7]])
    expect(pagesOf([], 5)).toEqual([])
    for (let n = 1; n < 40; n += 1) {
      const items = Array.from({ length: n }, (_, i) => i)
      for (const size of [1, 3, 10]) {
        const pages = pagesOf(items, size)
        expect(pages.flat()).toEqual(items)
        expect(Math.max(...pages.map((one) => one.length))).toBeLessThanOrEqual(size)
      }
    }
  })
})

describe('names on the map', () => {
  it('never lie over one another or outside, and the first one asked for is there', () => {
    // A crowd on a small map: a linear congruential sequence stands in for chance.
    let seed = 7
    const next = (below: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below
    const within = { x: 100, y: 50, width: 800, height: 300 }
    const wanted = Array.from({ length: 40 }, (_, of) => ({ of, text: '数字干线'.slice(0, 2 + (of % 3)), x: 100 + next(800), y: 50 + next(300), gap: 18, size: 26 }))
    const labels = place(wanted, [], within)
    expect(labels.length).toBeGreaterThan(10)
    expect(labels[0]?.of).toBe(0)
    const boxes = labels.map((one) => ({ left: one.x - textWidth(one.text, 26) / 2, right: one.x + textWidth(one.text, 26) / 2, top: one.y - 26 * 0.88, bottom: one.y + 26 * 0.12 }))
    boxes.forEach((a, i) => {
      expect(a.left).toBeGreaterThanOrEqual(within.x)
      expect(a.right).toBeLessThanOrEqual(within.x + within.width)
      for (const b of boxes.slice(i + 1)) expect(a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).toBe(false)
    })
  })
})

describe('what moved', () => {
  const look = (value: number, done: number, plan = 'p') =>
    ({
      plan: { id: plan },
      indicators: [{ number: 7, latest: { value, at: '2024-12-31' }, status: 'on_path' }, { number: 8, latest: null, status: 'no_data' }],
      layers: [{ programmes: [{ number: 3, state_counts: { done } }] }],
    }) as unknown as Overview
  it('is what differs from the last look at the same plan', () => {
    expect(moved(look(1, 0), look(1, 0))).toEqual(new Set())
    expect(moved(look(1, 0), look(2, 1))).toEqual(new Set(['indicator:7', 'programme:3']))
    expect(moved(null, look(1, 0))).toEqual(new Set())
    expect(moved(look(1, 0), look(2, 1, 'other'))).toEqual(new Set())
  })
})
