/** A chart as its reader asked for it: fields, kind, measure; as an address, as SQL, as a sentence. */
import type { DataField } from '@/api/types'
import { quoted } from '../filters'

export const KINDS = ['bar', 'line', 'scatter', 'histogram'] as const
export type Kind = (typeof KINDS)[number]
export const MEASURES = ['count', 'sum', 'avg', 'min', 'max', 'median'] as const
export type Measure = (typeof MEASURES)[number]
/** How a time is put together: by its place in time, or by its place within a day or year. */
export const BUCKETS = ['none', 'year', 'month', 'day', 'hour', 'month_of_year', 'hour_of_day'] as const
export type Bucket = (typeof BUCKETS)[number]

export type ChartField = Pick<DataField, 'name' | 'title' | 'type' | 'unit' | 'key' | 'unique' | 'role'>
export interface ChartSpec {
  kind: Kind
  /** Along: a group, a time, or a number (scatter, histogram). */
  x: string
  bucket: Bucket
  measure: Measure
  /** What is measured; empty for counts. */
  y: string
  /** One line or colour for each of its values; empty for none. */
  split: string
}

/** Groups asked for at most: enough to find the largest ones of a chart. */
export const GROUPS_MAX = 5_000
/** Points of a scatter chart; where there are more, chance chooses them, so that no stretch of the file speaks for all. */
export const POINTS_MAX = 3_000

export const isNumeric = (field: Pick<ChartField, 'type'> | undefined) => field?.type === 'integer' || field?.type === 'number'
export const isTime = (field: Pick<ChartField, 'type'> | undefined) => field?.type === 'date' || field?.type === 'datetime'
const isPlace = (field: ChartField) => field.role !== 'plain'
const named = (fields: ChartField[], name: string) => fields.find((one) => one.name === name)

/** Fields that can stand along the axis of a kind. */
export function alongFor(kind: Kind, fields: ChartField[]): ChartField[] {
  return kind === 'scatter' || kind === 'histogram' ? fields.filter((one) => isNumeric(one)) : fields
}
/** Fields that can be measured so. */
export function measuredFor(kind: Kind, measure: Measure, fields: ChartField[]): ChartField[] {
  if (kind === 'histogram' || (kind !== 'scatter' && measure === 'count')) return []
  return fields.filter((one) => isNumeric(one))
}
export function bucketsFor(field: ChartField | undefined): Bucket[] {
  if (field?.type === 'date') return ['year', 'month', 'day', 'month_of_year']
  if (field?.type === 'datetime') return ['year', 'month', 'day', 'hour', 'month_of_year', 'hour_of_day']
  return ['none']
}

/** A chart that can be drawn, as near to what was asked as the fields allow; `null`: no field fits. */
export function settled(asked: ChartSpec, fields: ChartField[]): ChartSpec | null {
  const along = alongFor(asked.kind, fields)
  const x = named(along, asked.x) ?? along.find((one) => !isPlace(one)) ?? along[0]
  if (!x) return null
  const buckets = bucketsFor(x)
  const bucket = buckets.includes(asked.bucket) ? asked.bucket : (buckets.find((one) => one === 'month') ?? buckets[0] ?? 'none')
  let measure = asked.kind === 'histogram' ? 'count' : asked.measure
  let measurable = measuredFor(asked.kind, measure, fields)
  if (asked.kind !== 'scatter' && measurable.length === 0) {
    measure = 'count'
    measurable = []
  }
  const other = measurable.filter((one) => asked.kind !== 'scatter' || one.name !== x.name)
  if (asked.kind === 'scatter' && other.length === 0) return null
  const y = named(other, asked.y) ?? other.find((one) => !isPlace(one)) ?? other[0]
  const split = asked.kind === 'histogram' ? undefined : fields.find((one) => one.name === asked.split && one.name !== x.name && !isTime(one))
  return { kind: asked.kind, x: x.name, bucket: asked.kind === 'bar' || asked.kind === 'line' ? bucket : 'none', measure, y: y?.name ?? '', split: split?.name ?? '' }
}

/** The chart as one word of an address; field names hold no dots. */
export function toText(spec: ChartSpec): string {
  return [spec.kind, spec.x, spec.bucket, spec.measure, spec.y, spec.split].join('.')
}
export function fromText(text: string): ChartSpec | null {
  const [kind, x, bucket, measure, y, split] = text.split('.')
  const one = <T extends string>(all: readonly T[], word: string | undefined) => all.find((known) => known === word)
  const found = { kind: one(KINDS, kind), bucket: one(BUCKETS, bucket), measure: one(MEASURES, measure) }
  if (!found.kind || !found.bucket || !found.measure || !x) return null
  return { kind: found.kind, x, bucket: found.bucket, measure: found.measure, y: y ?? '', split: split ?? '' }
}

function along(spec: ChartSpec): string {
  const name = quoted(spec.x)
  switch (spec.bucket) {
    case 'none':
      return name
    case 'month_of_year':
      return `date_part('month', ${name})`
    case 'hour_of_day':
      return `date_part('hour', ${name})`
    default:
      return `date_trunc('${spec.bucket}', ${name})`
  }
}
function measured(spec: ChartSpec): string {
  if (spec.measure === 'count' || !spec.y) return 'count(*)'
  return `${spec.measure}(${quoted(spec.y)})`
}
const where = (condition: string) => (condition ? ` WHERE ${condition}` : '')
const both = (...conditions: string[]) => conditions.filter((one) => one !== '').join(' AND ')

/** The statement whose rows have `x`, `y` and, where lines are told apart, `s`. */
export function statementOf(spec: ChartSpec, table: string, condition: string): string {
  const from = `FROM ${quoted(table)}`
  if (spec.kind === 'scatter') {
    const split = spec.split ? `, ${quoted(spec.split)} AS s` : ''
    const there = both(condition, `${quoted(spec.x)} IS NOT NULL`, `${quoted(spec.y)} IS NOT NULL`)
    return `SELECT ${quoted(spec.x)} AS x, ${quoted(spec.y)} AS y${split} ${from}${where(there)} ORDER BY random() LIMIT ${POINTS_MAX}`
  }
  const split = spec.split ? `, ${quoted(spec.split)} AS s` : ''
  const groups = spec.split ? '1, 2' : '1'
  const order = spec.kind === 'line' ? '1' : 'y DESC NULLS LAST, 1'
  return `SELECT ${along(spec)} AS x${split}, ${measured(spec)} AS y ${from}${where(condition)} GROUP BY ${groups} ORDER BY ${order} LIMIT ${GROUPS_MAX}`
}

/** A histogram first asks how far its numbers reach. */
export function reachOf(spec: ChartSpec, table: string, condition: string): string {
  const name = quoted(spec.x)
  return `SELECT min(${name}) AS low, max(${name}) AS high, count(${name}) AS n FROM ${quoted(table)}${where(condition)}`
}

export interface Steps {
  from: number
  step: number
  count: number
}
/** Steps of 1, 2 or 5 times a power of ten, about twenty of them. */
export function stepsOf(low: number, high: number, whole: boolean, wanted = 20): Steps {
  const span = high - low
  if (!(span > 0)) return { from: low, step: 1, count: 1 }
  const rough = span / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  let step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power
  if (whole) step = Math.max(1, Math.round(step))
  const from = Math.floor(low / step) * step
  return { from, step, count: Math.floor((high - from) / step + 1e-9) + 1 }
}
export function histogramOf(spec: ChartSpec, table: string, condition: string, steps: Steps): string {
  const name = quoted(spec.x)
  const there = both(condition, `${name} IS NOT NULL`)
  return `SELECT floor((${name} - (${steps.from})) / ${steps.step}) AS x, count(*) AS y FROM ${quoted(table)}${where(there)} GROUP BY 1 ORDER BY 1`
}

/** How many values each field has, so that charts worth drawing can be offered. */
export function profileOf(fields: ChartField[], table: string): string | null {
  const asked = fields.filter((one) => one.type === 'text' || one.type === 'boolean' || isTime(one)).slice(0, 24)
  if (asked.length === 0) return null
  const parts = asked.flatMap((one) =>
    isTime(one)
      ? [`CAST(min(${quoted(one.name)}) AS VARCHAR) AS ${quoted(`from_${one.name}`)}`, `CAST(max(${quoted(one.name)}) AS VARCHAR) AS ${quoted(`to_${one.name}`)}`]
      : [`approx_distinct(${quoted(one.name)}) AS ${quoted(`n_${one.name}`)}`],
  )
  return `SELECT ${parts.join(', ')} FROM ${quoted(table)}`
}
/** Answers of [`profileOf`]. */
export type Profile = Record<string, string | number | null>

/** The bucket that gives a time some tens of points. */
export function bucketFor(field: ChartField, profile: Profile): Bucket {
  const [from, to] = [Date.parse(String(profile[`from_${field.name}`])), Date.parse(String(profile[`to_${field.name}`]))]
  const days = (to - from) / 86_400_000
  if (!Number.isFinite(days)) return 'month'
  if (days <= 3 && field.type === 'datetime') return 'hour'
  if (days <= 120) return 'day'
  return days <= 366 * 12 ? 'month' : 'year'
}

/** Charts worth a look: over time, by group, how numbers spread, two numbers against each other. */
export function offered(fields: ChartField[], profile: Profile): ChartSpec[] {
  const plain = { bucket: 'none' as const, measure: 'count' as const, y: '', split: '' }
  const number = fields.filter((one) => isNumeric(one) && !isPlace(one) && !one.key)
  const distinct = (one: ChartField) => Number(profile[`n_${one.name}`] ?? 0)
  const groups = fields.filter((one) => (one.type === 'text' || one.type === 'boolean') && distinct(one) >= 2 && distinct(one) <= 60).sort((a, b) => score(distinct(a)) - score(distinct(b)))
  const [time, first, second, group] = [fields.find((one) => isTime(one)), number[0], number[1], groups[0]]
  const found: ChartSpec[] = []
  if (time) {
    const bucket = bucketFor(time, profile)
    found.push(first ? { ...plain, kind: 'line', x: time.name, bucket, measure: 'avg', y: first.name } : { ...plain, kind: 'line', x: time.name, bucket })
  }
  if (group) {
    found.push({ ...plain, kind: 'bar', x: group.name })
    if (first) found.push({ ...plain, kind: 'bar', x: group.name, measure: 'avg', y: first.name })
  }
  if (time?.type === 'datetime' && first) found.push({ ...plain, kind: 'line', x: time.name, bucket: 'hour_of_day', measure: 'avg', y: first.name })
  if (first) found.push({ ...plain, kind: 'histogram', x: first.name })
  if (first && second) found.push({ ...plain, kind: 'scatter', x: first.name, y: second.name })
  if (found.length === 0 && fields[0]) found.push({ ...plain, kind: 'bar', x: fields[0].name })
  return found.slice(0, 6)
}
/** Some six to twelve bars read best. */
const score = (distinct: number) => Math.abs(distinct - 9)
