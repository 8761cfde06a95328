import { afterEach, describe, expect, it } from 'vitest'
import { setLang } from '@/i18n'
import { csvForExcel } from '@/lib/csv'
import { formatAgo, formatBytes, formatCompact, formatDate, formatNumber, formatTime, formatUnit } from '@/lib/format'
import { parseNumber } from '@/lib/parseNumber'

afterEach(() => setLang('zh'))

describe('numbers', () => {
  it('are separated by thousands, with the places asked for', () => {
    expect(formatNumber(2048.1, 1)).toBe('2,048.1')
    expect(formatNumber(2380, 1)).toBe('2,380.0')
    expect(formatNumber(4537, 0)).toBe('4,537')
    expect(formatNumber(12.3456, 1)).toBe('12.3456')
  })
  it('are read in 万 and 亿', () => {
    expect(formatCompact(35000)).toBe('3.5 万')
    expect(formatCompact(280_000_000_000)).toBe('2,800 亿')
    expect(formatCompact(9999)).toBe('9,999')
    setLang('en')
    expect(formatCompact(35000)).toBe('35 k')
  })
  it('are understood as people type them', () => {
    expect(parseNumber('1,234.5')).toBe(1234.5)
    expect(parseNumber('１２３４．５')).toBe(1234.5)
    expect(parseNumber(' 1 234 ')).toBe(1234)
    expect(parseNumber('-3')).toBe(-3)
    expect(parseNumber('')).toBeNull()
    expect(parseNumber('12万')).toBeNull()
    expect(parseNumber('1e5')).toBeNull()
  })
})

describe('units and dates', () => {
  it('are in the reader’s language', () => {
    expect(formatUnit('亿元')).toBe('亿元')
    expect(formatDate('2024-06-30')).toBe('2024年6月30日')
    setLang('en')
    expect(formatUnit('亿元')).toBe('100 m yuan')
    expect(formatUnit('Mbps')).toBe('Mbps')
    expect(formatDate('2024-06-30')).toBe('30 Jun 2024')
  })
  it('show Shanghai time', () => {
    expect(formatTime('2024-06-30T16:05:00Z')).toContain('00:05')
    expect(formatAgo('2024-06-28T00:00:00Z', Date.parse('2024-06-30T00:00:00Z'))).toBe('前天')
    expect(formatBytes(184320)).toBe('180 KB')
  })
})

describe('CSV for Excel', () => {
  it('quotes, marks its encoding and defuses formulas', () => {
    const text = csvForExcel(['a', 'b'], [['=1+1', 2], ['x,"y"', null]])
    expect(text).toBe('\uFEFFa,b\r\n\'=1+1,2\r\n"x,""y""",\r\n')
  })
})
