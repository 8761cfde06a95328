/** An answer as a chart: one column along, one of numbers. */
import type { SqlAnswer } from '@/api/types'
import { isNumberType } from '@/components/data/cells'
import { labelOf, type Picture, type Row } from '@/components/data/chart/picture'
import { t } from '@/i18n'
import { formatNumber } from '@/lib/format'

/** Bars, and points of a line, that can still be told apart. */
const BARS_MAX = 30
const POINTS_MAX = 2_000

export const numbersOf = (answer: SqlAnswer) => answer.columns.filter((one) => isNumberType(one.type)).map((one) => one.name)
/** Words and days first: a number is seldom what a chart goes along. */
export function alongOf(answer: SqlAnswer): string[] {
  const numbers = answer.columns.filter((one) => isNumberType(one.type)).map((one) => one.name)
  return [...answer.columns.map((one) => one.name).filter((name) => !numbers.includes(name)), ...numbers]
}

export function pictureOf(answer: SqlAnswer, x: string, y: string, name = (column: string) => column): Picture {
  const rows = answer.rows as unknown as Row[]
  const type = answer.columns.find((one) => one.name === x)?.type ?? 'text'
  const time = type === 'date' || type === 'timestamp'
  const runs = time || (isNumberType(type) && rows.length > 12)
  let points = rows.map((row) => ({ x: row[x] ?? null, y: row[y] === null || row[y] === undefined ? null : Number(row[y]) }))
  if (runs) points = points.filter((one) => one.x !== null).sort((a, b) => (time ? String(a.x).localeCompare(String(b.x)) : Number(a.x) - Number(b.x)))
  const most = runs ? POINTS_MAX : BARS_MAX
  const shown = points.slice(0, most)
  const categories = shown.map((one) => labelOf(one.x, 'none'))
  const values = shown.map((one) => one.y)
  const known = shown.map((one, i) => ({ name: categories[i] ?? '', y: one.y })).filter((one): one is { name: string; y: number } => one.y !== null)
  const [xName, yName] = [name(x), name(y)]
  const title = t('chart.titleBy', { x: xName, y: yName })
  return {
    plot: { form: runs ? 'lines' : categories.length > 8 || categories.some((one) => one.length > 8) ? 'rows' : 'bars', categories, series: [{ name: yName, values }], xName, yName, unit: '' },
    title,
    summary: says(known, runs, yName),
    notes: points.length > shown.length ? [t(runs ? 'chart.cutPoints' : 'chart.leftCategories', { n: runs ? shown.length : points.length - shown.length, shown: shown.length })] : [],
    table: { head: [xName, yName], rows: shown.map((one, i) => [categories[i] ?? '', one.y]) },
  }
}

function says(known: { name: string; y: number }[], runs: boolean, y: string): string {
  const [first, last] = [known[0], known.at(-1)]
  if (!first || !last) return t('chart.nothing')
  if (known.length === 1) return t('chart.saysOne', { name: first.name, y, value: formatNumber(first.y) })
  const most = known.reduce((a, b) => (b.y > a.y ? b : a))
  const least = known.reduce((a, b) => (b.y < a.y ? b : a))
  const ends = { most: most.name, mostValue: formatNumber(most.y), least: least.name, leastValue: formatNumber(least.y) }
  return runs
    ? t('chart.saysTime', { from: first.name, fromValue: formatNumber(first.y), to: last.name, toValue: formatNumber(last.y), ...ends })
    : t('chart.saysGroups', { n: known.length, ...ends })
}
