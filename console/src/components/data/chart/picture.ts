/** What a chart shows, made of the rows the node answered: series, names, table, sentence. */
import { t } from '@/i18n'
import { formatNumber, formatUnit } from '@/lib/format'
import { fieldTitle } from '../words'
import { type Bucket, type ChartField, type ChartSpec, isNumeric, isTime, type Steps } from './spec'

export type Value = string | number | boolean | null
export type Row = Record<string, Value>
export interface PlotSeries {
  name: string
  /** By category, or pairs on two number axes. */
  values: (number | null)[]
  points?: [number, number][]
}
export interface Plot {
  form: 'bars' | 'rows' | 'lines' | 'points'
  categories: string[]
  series: PlotSeries[]
  xName: string
  yName: string
  unit: string
}
export interface Picture {
  plot: Plot
  title: string
  summary: string
  /** What is not shown, said under the chart. */
  notes: string[]
  table: { head: string[]; rows: (string | number | null)[][] }
}

/** Bars of a chart; the smaller ones are named in a note. */
export const BARS_MAX = 20
/** Lines or colours of a chart. */
export const SERIES_MAX = 6

const additive = (spec: ChartSpec) => spec.measure === 'count' || spec.measure === 'sum'
const numberOf = (value: Value | undefined) => (value === null || value === undefined || value === '' || !Number.isFinite(Number(value)) ? null : Number(value))

/** A group's name as people read it. */
export function labelOf(value: Value | undefined, bucket: Bucket): string {
  if (value === null || value === undefined || value === '') return t('chart.noValue')
  if (typeof value === 'boolean') return value ? t('common.yes') : t('common.no')
  const text = String(value)
  switch (bucket) {
    case 'year':
      return text.slice(0, 4)
    case 'month':
      return text.slice(0, 7)
    case 'day':
      return text.slice(0, 10)
    case 'hour':
      return text.slice(0, 16).replace('T', ' ')
    case 'month_of_year':
      return t('chart.monthN', { n: text })
    case 'hour_of_day':
      return t('chart.hourN', { n: text })
    default:
      return /^\d{4}-\d{2}-\d{2}T00:00:00/.test(text) ? text.slice(0, 10) : text.replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:00)?(\.0+)?$/, '$1 $2')
  }
}

function titles(spec: ChartSpec, fields: ChartField[]) {
  const of = (name: string) => fields.find((one) => one.name === name)
  const x = of(spec.x)
  const y = of(spec.y)
  const counted = spec.measure === 'count' || !y
  const along = spec.bucket === 'none' ? (x?.title ?? spec.x) : t('chart.byBucket', { field: x?.title ?? spec.x, bucket: t(`bucket.${spec.bucket}`) })
  const what = spec.kind === 'scatter' ? (y?.title ?? spec.y) : counted ? t('chart.rowCount') : t('chart.measured', { field: y.title, measure: t(`measure.${spec.measure}`) })
  return { along, what, unit: spec.kind === 'scatter' || !counted ? (y?.unit ?? '') : t('chart.rowsUnit'), split: of(spec.split)?.title ?? '' }
}

/** In words, for the chart's heading. */
export function titleOf(spec: ChartSpec, fields: ChartField[]): string {
  const { along, what, split } = titles(spec, fields)
  const title = spec.kind === 'histogram' ? t('chart.titleSpread', { x: along }) : spec.kind === 'scatter' ? t('chart.titleAgainst', { x: along, y: what }) : t('chart.titleBy', { x: along, y: what })
  return split ? t('chart.titleSplit', { title, split }) : title
}

/** Steps of time without gaps, so that a month without rows is seen to be one. */
export function timeSteps(first: string, last: string, bucket: Bucket, most = 3_000): string[] | null {
  const [year, month = 1, day = 1, hour = 0] = first.split(/[- :]/).map(Number)
  const step: Partial<Record<Bucket, (n: number) => Date>> = {
    year: (n) => new Date(Date.UTC((year ?? 0) + n, 0, 1)),
    month: (n) => new Date(Date.UTC(year ?? 0, month - 1 + n, 1)),
    day: (n) => new Date(Date.UTC(year ?? 0, month - 1, day + n)),
    hour: (n) => new Date(Date.UTC(year ?? 0, month - 1, day, hour + n)),
  }
  const at = step[bucket]
  if (!at || !Number.isFinite(year)) return null
  const found: string[] = []
  for (let n = 0; n < most; n += 1) {
    const name = labelOf(at(n).toISOString(), bucket)
    found.push(name)
    if (name >= last) return name === last ? found : null
  }
  return null
}

/** Groups of the axis and, at most six, of the colours; what is left over adds up where sums add up. */
interface Grid {
  categories: string[]
  series: { name: string; values: (number | null)[] }[]
  left: { categories: number; series: number }
}
function gridOf(spec: ChartSpec, rows: Row[], timely: boolean): Grid {
  const cells = new Map<string, Map<string, number | null>>()
  const weight = new Map<string, number>()
  const order: string[] = []
  for (const row of rows) {
    const x = labelOf(row['x'], spec.bucket)
    const s = spec.split ? labelOf(row['s'], 'none') : ''
    const y = numberOf(row['y'])
    if (!order.includes(x)) order.push(x)
    const column = cells.get(s) ?? new Map<string, number | null>()
    column.set(x, y)
    cells.set(s, column)
    weight.set(`s${s}`, (weight.get(`s${s}`) ?? 0) + Math.abs(y ?? 0))
    weight.set(`x${x}`, (weight.get(`x${x}`) ?? 0) + Math.abs(y ?? 0))
  }
  const heaviest = (names: string[], mark: string) => [...names].sort((a, b) => (weight.get(mark + b) ?? 0) - (weight.get(mark + a) ?? 0))
  const [first, last] = [order[0], order.at(-1)]
  const steps = timely && first && last ? timeSteps(first, last, spec.bucket) : null
  const categories = steps ?? (timely ? order : heaviest(order, 'x').slice(0, BARS_MAX))
  // No rows in a step: none were counted, and nothing was measured.
  const nothing = steps && additive(spec) ? 0 : null
  const names = heaviest([...cells.keys()], 's')
  const series = names.slice(0, SERIES_MAX).map((name) => ({ name, values: categories.map((x) => cells.get(name)?.get(x) ?? nothing) }))
  const rest = names.slice(SERIES_MAX)
  if (rest.length && additive(spec)) {
    const values = categories.map((x) => rest.reduce((sum, name) => sum + (cells.get(name)?.get(x) ?? 0), 0))
    series.push({ name: t('chart.others', { n: rest.length }), values })
  }
  return { categories, series, left: { categories: steps ? 0 : order.length - categories.length, series: additive(spec) ? 0 : rest.length } }
}

/** As many digits as a sentence bears: whole numbers whole, others to four figures. */
const round = (value: number) => (Number.isInteger(value) || Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4)))
const withUnit = (value: number, unit: string) => (unit ? `${formatNumber(round(value))} ${formatUnit(unit)}` : formatNumber(round(value)))

function sentence(plot: Plot): string {
  const only = plot.series.length === 1 ? plot.series[0] : undefined
  if (!only) return t('chart.saysMany', { n: plot.series.length, x: plot.xName, y: plot.yName, names: plot.series.map((one) => one.name).join(t('common.listJoin')) })
  const known = only.values.flatMap((value, i) => (value === null ? [] : [{ value, name: plot.categories[i] ?? '' }]))
  const [first, last] = [known[0], known.at(-1)]
  if (!first || !last) return t('chart.nothing')
  const most = known.reduce((a, b) => (b.value > a.value ? b : a))
  const least = known.reduce((a, b) => (b.value < a.value ? b : a))
  const says = { y: plot.yName, most: most.name, mostValue: withUnit(most.value, plot.unit), least: least.name, leastValue: withUnit(least.value, plot.unit), n: known.length }
  if (known.length === 1) return t('chart.saysOne', { y: plot.yName, name: first.name, value: withUnit(first.value, plot.unit) })
  return plot.form === 'lines'
    ? t('chart.saysTime', { ...says, from: first.name, to: last.name, fromValue: withUnit(first.value, plot.unit), toValue: withUnit(last.value, plot.unit) })
    : t('chart.saysGroups', says)
}

/** Groups, or a time. */
export function pictureOfGroups(spec: ChartSpec, fields: ChartField[], rows: Row[], truncated: boolean): Picture {
  const x = fields.find((one) => one.name === spec.x)
  const cyclic = spec.bucket === 'month_of_year' || spec.bucket === 'hour_of_day'
  const timely = spec.kind === 'line' || isTime(x) || (spec.kind === 'bar' && isNumeric(x) && rows.length <= BARS_MAX)
  const inOrder = timely && spec.kind === 'bar' ? [...rows].sort((a, b) => along(a['x'], b['x'])) : rows
  // A time that is not known has no place on a line of time.
  const placed = timely && (isTime(x) || cyclic) ? inOrder.filter((row) => row['x'] !== null) : inOrder
  const grid = gridOf(spec, placed, timely)
  const words = titles(spec, fields)
  const long = grid.categories.some((one) => [...one].length > 6) || grid.categories.length > 8
  const plot: Plot = {
    form: spec.kind === 'line' ? 'lines' : !timely && long ? 'rows' : 'bars',
    categories: grid.categories,
    series: grid.series.map((one) => ({ ...one, name: one.name || words.what })),
    xName: words.along,
    yName: words.what,
    unit: words.unit,
  }
  const notes = [
    ...(grid.left.categories > 0 ? [t('chart.leftCategories', { n: grid.left.categories, shown: grid.categories.length })] : []),
    ...(grid.left.series > 0 ? [t('chart.leftSeries', { n: grid.left.series, shown: SERIES_MAX })] : []),
    ...(inOrder.length > placed.length ? [t('chart.leftNoTime')] : []),
    ...(truncated ? [t('chart.cutGroups')] : []),
  ]
  const table = { head: [words.along, ...plot.series.map((one) => one.name)], rows: grid.categories.map((name, i) => [name, ...plot.series.map((one) => one.values[i] ?? null)]) }
  return { plot, title: titleOf(spec, fields), summary: sentence(plot), notes, table }
}
const along = (a: Value | undefined, b: Value | undefined) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a ?? '').localeCompare(String(b ?? '')))

/** How numbers spread. */
export function pictureOfSpread(spec: ChartSpec, fields: ChartField[], rows: Row[], steps: Steps): Picture {
  const counts = new Map(rows.map((row) => [Number(row['x']), numberOf(row['y']) ?? 0]))
  const at = (i: number) => Number((steps.from + i * steps.step).toPrecision(12))
  const bins = Array.from({ length: steps.count }, (_, i) => ({ name: `${formatNumber(at(i))}–${formatNumber(at(i + 1))}`, n: counts.get(i) ?? 0 }))
  const x = fields.find((one) => one.name === spec.x)
  const total = bins.reduce((sum, one) => sum + one.n, 0)
  const most = bins.reduce((a, b) => (b.n > a.n ? b : a), bins[0] ?? { name: '', n: 0 })
  const xName = x ? fieldTitle({ title: x.title, unit: formatUnit(x.unit) }) : spec.x
  const plot: Plot = { form: 'bars', categories: bins.map((one) => one.name), series: [{ name: t('chart.rowCount'), values: bins.map((one) => one.n) }], xName, yName: t('chart.rowCount'), unit: t('chart.rowsUnit') }
  return {
    plot,
    title: titleOf(spec, fields),
    summary: total ? t('chart.saysSpread', { n: formatNumber(total), most: most.name, share: formatNumber(Math.round((most.n / total) * 1000) / 10) }) : t('chart.nothing'),
    notes: [],
    table: { head: [xName, t('chart.rowCount')], rows: bins.map((one) => [one.name, one.n]) },
  }
}

/** Two numbers against each other, with how closely they go together. */
export function pictureOfPoints(spec: ChartSpec, fields: ChartField[], rows: Row[], cut: boolean): Picture {
  const groups = new Map<string, [number, number][]>()
  for (const row of rows) {
    const [x, y] = [numberOf(row['x']), numberOf(row['y'])]
    if (x === null || y === null) continue
    const name = spec.split ? labelOf(row['s'], 'none') : ''
    const points = groups.get(name) ?? []
    points.push([x, y])
    groups.set(name, points)
  }
  const words = titles(spec, fields)
  const found = [...groups].sort((a, b) => b[1].length - a[1].length)
  const shown = found.slice(0, SERIES_MAX)
  const drawn = shown.flatMap(([, one]) => one)
  const r = correlation(drawn)
  const plot: Plot = { form: 'points', categories: [], series: shown.map(([name, one]) => ({ name: name || words.what, values: [], points: one })), xName: words.along, yName: words.what, unit: words.unit }
  return {
    plot,
    title: titleOf(spec, fields),
    summary: drawn.length ? t('chart.saysPoints', { n: formatNumber(drawn.length), x: words.along, y: words.what, r: r === null ? '—' : r.toFixed(2) }) : t('chart.nothing'),
    notes: [...(cut ? [t('chart.cutPoints', { n: formatNumber(rows.length) })] : []), ...(found.length > shown.length ? [t('chart.leftSeries', { n: found.length - shown.length, shown: SERIES_MAX })] : [])],
    table: { head: [...(spec.split ? [words.split] : []), words.along, words.what], rows: shown.flatMap(([name, one]) => one.slice(0, 200).map(([x, y]) => [...(spec.split ? [name] : []), x, y])).slice(0, 500) },
  }
}

/** Pearson's coefficient; `null` where one of the two does not vary. */
export function correlation(points: [number, number][]): number | null {
  const n = points.length
  if (n < 3) return null
  const mean = (at: 0 | 1) => points.reduce((sum, one) => sum + one[at], 0) / n
  const [mx, my] = [mean(0), mean(1)]
  let [xx, yy, xy] = [0, 0, 0]
  for (const [x, y] of points) {
    xx += (x - mx) ** 2
    yy += (y - my) ** 2
    xy += (x - mx) * (y - my)
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null
}
