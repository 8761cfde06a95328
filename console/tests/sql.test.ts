import { describe, expect, it } from 'vitest'
import { complete, type Known, spokenOf } from '@/pages/sql/complete'
import { alongOf, numbersOf, pictureOf } from '@/pages/sql/picture'
import type { SqlAnswer } from '@/api/types'

const tables: Known[] = [
  { name: 'air', comment: '空气质量', columns: [{ name: 'day', type: 'date', comment: '日期' }, { name: 'pm25', type: 'number', comment: '细颗粒物' }] },
  { name: 'airport', comment: '机场', columns: [{ name: 'name', type: 'text', comment: '名称' }] },
]
const texts = (sql: string, caret = sql.length) => complete(sql, caret, tables).offers.map((one) => one.text)

describe('completions of a statement', () => {
  it('are tables after FROM and JOIN, also by their titles', () => {
    expect(texts('SELECT * FROM ')).toEqual(['air', 'airport'])
    expect(texts('SELECT * FROM air JOIN 机')).toEqual(['airport'])
  })
  it('are fields of the tables spoken of, by name, title and alias', () => {
    const sql = 'SELECT p FROM air'
    expect(complete(sql, 8, tables).offers[0]).toEqual({ kind: 'column', text: 'pm25', hint: '细颗粒物' })
    expect(texts('SELECT 细 FROM air', 8)).toContain('pm25')
    expect(texts('SELECT a. FROM air AS a', 9)).toEqual(['day', 'pm25'])
    expect(texts('SELECT b. FROM air AS a', 9)).toEqual([])
  })
  it('offer nothing within a text or a comment, nor before anything was typed', () => {
    expect(texts("SELECT * FROM air WHERE day = 'pm")).toEqual([])
    expect(texts('SELECT * FROM air -- pm')).toEqual([])
    expect(texts('SELECT ')).toEqual([])
  })
  it('begin where the word begins', () => {
    expect(complete('SELECT pm', 9, tables).from).toBe(7)
  })
  it('see aliases, and no keyword as one', () => {
    const found = spokenOf('SELECT * FROM air a JOIN airport ON a.day = 1 WHERE x', tables)
    expect([...found.keys()]).toEqual(['air', 'a', 'airport'])
  })
})

describe('an answer as a chart', () => {
  const answer = {
    columns: [{ name: 'day', type: 'date' }, { name: 'n', type: 'integer' }],
    rows: [{ day: '2024-03-01', n: 5 }, { day: '2024-01-01', n: 2 }, { day: '2024-02-01', n: null }],
    row_count: 3,
    truncated: false,
  } as unknown as SqlAnswer
  it('goes along days in their order and knows its numbers', () => {
    expect(numbersOf(answer)).toEqual(['n'])
    expect(alongOf(answer)).toEqual(['day', 'n'])
    const { plot } = pictureOf(answer, 'day', 'n')
    expect(plot.form).toBe('lines')
    expect(plot.categories).toEqual(['2024-01-01', '2024-02-01', '2024-03-01'])
    expect(plot.series[0]?.values).toEqual([2, null, 5])
  })
})
