/** Facts as the audit page asks for and links them. */
import type { Params } from '@/api/client'

export const logs = ['directory', 'identity', 'material', 'signing', 'supervision'] as const

const pages: Record<string, string> = {
  measure: '/measures/',
  indicator: '/indicators/',
  unit: '/units/',
  person: '/people/',
}

/** The page of a fact's subject, when it has one. */
export function linkOf(subject: string): string | null {
  const base = pages[subject.split('_')[0] ?? '']
  return base && subject.includes('_') ? base + subject : null
}

const asText = (value: string | number | null | undefined) => (value === null || value === undefined ? '' : String(value))

/** Days as the reader types them, to moments in Shanghai; `to` includes its day. */
export function wireFilters(query: Partial<Record<string, string | number | null>>): Params {
  const { limit = null, cursor = null } = query
  const from = asText(query['from'])
  const to = asText(query['to'])
  const next = to ? new Date(Date.parse(`${to}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10) : ''
  return {
    limit,
    cursor,
    q: asText(query['q']),
    kind: asText(query['kind']),
    log: asText(query['log']),
    actor: asText(query['actor']),
    subject: asText(query['subject']),
    from: from && `${from}T00:00:00+08:00`,
    to: next && `${next}T00:00:00+08:00`,
  }
}
