/** What may come next in a statement: tables, their fields, words of SQL; only what the reader may see. */
export interface Known {
  name: string
  comment: string
  columns: { name: string; type: string; comment: string }[]
}
export interface Offer {
  kind: 'table' | 'column' | 'keyword' | 'function'
  /** What is put into the statement. */
  text: string
  /** What it means. */
  hint: string
}
export interface Completion {
  /** Where what was typed so far begins. */
  from: number
  offers: Offer[]
}

const KEYWORDS = ['SELECT', 'FROM', 'WHERE', 'GROUP BY', 'ORDER BY', 'LIMIT', 'HAVING', 'JOIN', 'LEFT JOIN', 'ON', 'AND', 'OR', 'NOT', 'IN', 'IS NULL', 'IS NOT NULL', 'LIKE', 'BETWEEN', 'CASE WHEN', 'THEN', 'ELSE', 'END', 'AS', 'DISTINCT', 'UNION ALL', 'WITH', 'DESC', 'ASC', 'OVER', 'PARTITION BY']
const FUNCTIONS = ['count(*)', 'count(', 'sum(', 'avg(', 'min(', 'max(', 'median(', 'round(', 'coalesce(', 'date_trunc(', 'date_part(', 'substr(', 'length(', 'lower(', 'upper(', 'cast(', 'approx_distinct(', 'row_number()']
const OFFERS_MAX = 12

/** A name as it stands in a statement: quoted where it is no plain word. */
export const asName = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`)

/** Texts and comments are blanked out, so that words in them count for nothing. */
function bare(sql: string): string {
  return sql.replace(/'(?:[^']|'')*'?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g, (found) => ' '.repeat(found.length))
}

/** Tables a statement speaks of, under their own names and under those it gives them. */
export function spokenOf(sql: string, tables: Known[]): Map<string, Known> {
  const found = new Map<string, Known>()
  const pattern = /(?:\b(?:from|join)\s+|,\s*)(?:public\.)?"?([\w\u4e00-\u9fff]+)"?(?:\s+(?:as\s+)?"?([a-z_]\w*)"?)?/gi
  const stop = new Set(['where', 'join', 'left', 'right', 'inner', 'full', 'cross', 'on', 'group', 'order', 'limit', 'having', 'union', 'as', 'using'])
  for (const [, name, alias] of bare(sql).matchAll(pattern)) {
    const table = tables.find((one) => one.name === name)
    if (!table) continue
    found.set(table.name, table)
    if (alias && !stop.has(alias.toLowerCase())) found.set(alias, table)
  }
  return found
}

/** How well an offer fits what was typed; lower is better, 9 not at all. */
function rank(name: string, comment: string, typed: string): number {
  const low = name.toLowerCase()
  if (typed === '' || low.startsWith(typed)) return 0
  if (comment.toLowerCase().startsWith(typed)) return 1
  if (low.split('_').some((part) => part.startsWith(typed))) return 2
  if (low.includes(typed) || comment.toLowerCase().includes(typed)) return 3
  return 9
}

export function complete(sql: string, caret: number, tables: Known[]): Completion {
  const before = bare(sql).slice(0, caret)
  const none = { from: caret, offers: [] }
  // Within a text or a comment nothing is offered.
  if (/'(?:[^']|'')*$/.test(sql.slice(0, caret).replace(/'(?:[^']|'')*'/g, '')) || /--[^\n]*$/.test(sql.slice(0, caret))) return none
  const typed = /[\w\u4e00-\u9fff]*$/.exec(before)?.[0] ?? ''
  const from = caret - typed.length
  const low = typed.toLowerCase()
  const lead = before.slice(0, from)
  const spoken = spokenOf(sql, tables)
  const sorted = (offers: { offer: Offer; name: string }[]) =>
    offers
      .map((one, at) => ({ ...one, at, rank: rank(one.name, one.offer.hint, low) }))
      .filter((one) => one.rank < 9 && one.offer.text.toLowerCase() !== low)
      .sort((a, b) => a.rank - b.rank || a.at - b.at)
      .slice(0, OFFERS_MAX)
      .map((one) => one.offer)
  const column = (one: Known['columns'][number]) => ({ name: one.name, offer: { kind: 'column' as const, text: asName(one.name), hint: one.comment } })
  const table = (one: Known) => ({ name: one.name, offer: { kind: 'table' as const, text: asName(one.name), hint: one.comment } })

  const owner = /"?([\w\u4e00-\u9fff]+)"?\.$/.exec(lead)?.[1]
  if (owner) return { from, offers: sorted((spoken.get(owner)?.columns ?? []).map(column)) }
  if (/\b(from|join)\s+$/i.test(lead) || /\bfrom\s+[^()]*,\s*$/i.test(lead.split(/\b(?:where|group|order|select)\b/i).at(-1) ?? '')) return { from, offers: sorted(tables.map(table)) }
  if (typed === '') return none
  const columns = [...new Set(spoken.values())].flatMap((one) => one.columns.map(column))
  const keywords = KEYWORDS.map((text) => ({ name: text, offer: { kind: 'keyword' as const, text, hint: '' } }))
  const functions = FUNCTIONS.map((text) => ({ name: text, offer: { kind: 'function' as const, text, hint: '' } }))
  return { from, offers: sorted([...columns, ...keywords, ...functions, ...tables.map(table)]) }
}
