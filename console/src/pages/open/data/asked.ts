/** What a search asks for, as it stands in the address. */
import type { LocationQuery } from 'vue-router'

export const FACETS = ['theme', 'unit', 'opening', 'format', 'cycle', 'tag'] as const
export type Facet = (typeof FACETS)[number]
export const SORTS = ['relevance', 'updated', 'rows', 'quality', 'title'] as const
export type Sort = (typeof SORTS)[number]

export interface Asked {
  q: string
  sort: Sort
  facets: Record<Facet, string>
}

const text = (value: LocationQuery[string] | undefined) => (typeof value === 'string' ? value : '')

export function readAsked(query: LocationQuery): Asked {
  const sort = SORTS.find((one) => one === query['sort'])
  return {
    q: text(query['q']),
    sort: sort ?? (text(query['q']) ? 'relevance' : 'updated'),
    facets: Object.fromEntries(FACETS.map((facet) => [facet, text(query[facet])])) as Record<Facet, string>,
  }
}

/** The address of a search; what goes without saying is left out. */
export function writeAsked(asked: Asked): Record<string, string> {
  const natural = asked.q ? 'relevance' : 'updated'
  return Object.fromEntries(Object.entries({ q: asked.q, ...asked.facets, sort: asked.sort === natural ? '' : asked.sort }).filter(([, value]) => value !== ''))
}

export const isNarrowed = (asked: Asked) => FACETS.some((facet) => asked.facets[facet] !== '')
