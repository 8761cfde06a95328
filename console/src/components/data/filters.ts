/** Conditions on rows: how they stand in an address, in the rows API and in SQL. */
import type { DataField } from '@/api/types'

export const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'contains', 'begins', 'missing'] as const
export type Comparison = (typeof COMPARISONS)[number]
export interface RowFilter {
  field: string
  comparison: Comparison
  value: string
}
/** What narrows and orders the rows of a dataset, on every tab alike. */
export interface RowsAsked {
  words: string
  filters: RowFilter[]
}
export type FieldShape = Pick<DataField, 'name' | 'type'>

/** Comparisons that make sense for a type, the likeliest first. */
export function comparisonsFor(type: DataField['type']): Comparison[] {
  switch (type) {
    case 'text':
      return ['contains', 'eq', 'ne', 'begins', 'in', 'missing']
    case 'boolean':
      return ['eq', 'missing']
    case 'date':
    case 'datetime':
      return ['ge', 'le', 'eq', 'gt', 'lt', 'missing']
    default:
      return ['ge', 'le', 'eq', 'ne', 'gt', 'lt', 'in', 'missing']
  }
}

/** `field:comparison:value`, as the rows API reads it and the address keeps it. */
export function toText(filter: RowFilter): string {
  return `${filter.field}:${filter.comparison}:${filter.value}`
}

/** Reads what an address holds; what is none is left out. */
export function fromText(text: string): RowFilter | null {
  const [field, comparison, ...rest] = text.split(':')
  const known = COMPARISONS.find((one) => one === comparison)
  return field && known ? { field, comparison: known, value: rest.join(':') } : null
}

/** What is wrong with a value for a field, as a reason; `null` when it can be asked. */
export function faultOf(type: DataField['type'], comparison: Comparison, value: string): 'empty' | 'number' | 'date' | null {
  if (comparison === 'missing') return null
  const text = value.trim()
  if (text === '') return 'empty'
  const each = comparison === 'in' ? text.split(',').map((one) => one.trim()) : [text]
  if (type === 'integer' && !each.every((one) => /^[+-]?\d+$/.test(one))) return 'number'
  if (type === 'number' && !each.every((one) => one !== '' && Number.isFinite(Number(one)))) return 'number'
  const time = type === 'datetime' ? /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?$/ : /^\d{4}-\d{2}-\d{2}$/
  if ((type === 'date' || type === 'datetime') && !each.every((one) => time.test(one))) return 'date'
  return null
}

/** The query of the rows API. */
export function rowsQuery(asked: RowsAsked, more: Record<string, string | number | boolean | null | undefined> = {}): string {
  const query = new URLSearchParams()
  if (asked.words.trim()) query.set('q', asked.words.trim())
  for (const filter of asked.filters) query.append('filter', toText(filter))
  for (const [name, value] of Object.entries(more)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value))
  }
  return query.toString()
}

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

/** A value as SQL of the field's type. */
function valueOf(type: DataField['type'], text: string): string {
  const value = text.trim()
  switch (type) {
    case 'integer':
    case 'number':
      return Number.isFinite(Number(value)) && value !== '' ? value : literal(value)
    case 'boolean':
      return value === 'true' ? 'TRUE' : 'FALSE'
    case 'date':
      return `DATE ${literal(value)}`
    case 'datetime':
      return `TIMESTAMP ${literal(value.length === 10 ? `${value} 00:00:00` : value.replace('T', ' '))}`
    default:
      return literal(text)
  }
}

function conditionOf(filter: RowFilter, type: DataField['type']): string {
  const name = quoted(filter.field)
  const sign: Partial<Record<Comparison, string>> = { eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=' }
  switch (filter.comparison) {
    case 'missing':
      return `${name} IS NULL`
    case 'in':
      return `${name} IN (${filter.value.split(',').map((one) => valueOf(type, one)).join(', ')})`
    case 'contains':
      return `strpos(${name}, ${literal(filter.value)}) > 0`
    case 'begins':
      return `starts_with(${name}, ${literal(filter.value)})`
    default:
      return `${name} ${sign[filter.comparison] ?? '='} ${valueOf(type, filter.value)}`
  }
}

/** The same conditions in SQL, to stand after WHERE; empty when there are none. */
export function whereOf(asked: RowsAsked, fields: FieldShape[], also: string[] = []): string {
  const types = new Map(fields.map((one) => [one.name, one.type]))
  const parts = asked.filters.flatMap((filter) => {
    const type = types.get(filter.field)
    return type ? [conditionOf(filter, type)] : []
  })
  const words = asked.words.trim()
  if (words) {
    const texts = fields.filter((one) => one.type === 'text').map((one) => `strpos(${quoted(one.name)}, ${literal(words)}) > 0`)
    parts.push(texts.length ? `(${texts.join(' OR ')})` : 'FALSE')
  }
  return [...parts, ...also].join(' AND ')
}
