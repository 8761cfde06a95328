import { describe, expect, it } from 'vitest'
import type { Indicator, IndicatorValue, Period } from '@/api/types'
import { pathPicture, ytdPicture } from '@/pages/indicators/series'

const flow = {
  id: 'i',
  number: 1,
  name: '数字经济规模',
  name_en: null,
  unit: '亿元',
  nature: 'flow',
  direction: 'up',
  decimals: 1,
  baseline: { year: 2023, value: 2048.1 },
  targets: [
    { year: 2024, value: 2380 },
    { year: 2025, value: 2800 },
  ],
} as unknown as Indicator
const value = (at: string, period: Period, amount: number, superseded = false) =>
  ({ id: at + amount, at, period, value: amount, superseded, revision: 1 }) as unknown as IndicatorValue

describe('the path of a flow', () => {
  const values = [value('2024-06-30', 'ytd', 1100), value('2024-12-31', 'annual', 2300, true), value('2024-12-31', 'annual', 2390), value('2025-03-31', 'ytd', 600)]

  it('holds full years only, and the revision in force', () => {
    const actual = pathPicture(flow, values).data.series.find((one) => one.role === 'actual')
    expect(actual?.points.map((point) => [point.x, point.y])).toEqual([
      ['2023-12-31', 2048.1],
      ['2024-12-31', 2390],
    ])
  })
  it('keeps years to date apart, a line a year', () => {
    const picture = ytdPicture(flow, values)
    expect(picture?.data.series.map((one) => one.points.map((point) => point.y))).toEqual([[600], [1100]])
    expect(picture?.data.lines?.[0]?.y).toBe(2800)
  })
  it('draws no year to date when there is none', () => {
    expect(ytdPicture(flow, [])).toBeNull()
  })
})
