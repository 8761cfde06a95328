/** What a wall shows, kept whole in its address so that it can be written on a sticker beside the screen. */
import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import type { Lang } from '@/i18n'

export const panels = ['map', 'layers', 'indicators', 'attention'] as const
export type Panel = (typeof panels)[number]

export interface Settings {
  /** Id of the edition; null: the one in force. */
  plan: string | null
  /** Empty: the plan's name. */
  title: string
  panels: Panel[]
  /** How long a page of a panel stays, seconds. */
  pace_s: number
  lang: Lang | null
}

export const PACES_S = [8, 15, 30, 60]
export const PACE_S = 15
export const TITLE_CHARS_MAX = 40

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Reads an address; what it does not understand falls back to the default rather than to an empty wall. */
export function read(query: LocationQuery): Settings {
  const asked = text(query['panels']).split(',')
  const known = panels.filter((one) => asked.includes(one))
  const pace = Number(text(query['pace']))
  const lang = text(query['lang'])
  return {
    plan: text(query['plan']) || null,
    title: [...text(query['title'])].slice(0, TITLE_CHARS_MAX).join(''),
    panels: known.length > 0 ? known : [...panels],
    pace_s: Number.isFinite(pace) && pace >= 5 && pace <= 600 ? Math.round(pace) : PACE_S,
    lang: lang === 'zh' || lang === 'en' ? lang : null,
  }
}

/** The shortest address that says it. */
export function write(settings: Settings): LocationQueryRaw {
  return {
    ...(settings.plan && { plan: settings.plan }),
    ...(settings.title && { title: settings.title }),
    ...(settings.panels.length < panels.length && { panels: settings.panels.join(',') }),
    ...(settings.pace_s !== PACE_S && { pace: String(settings.pace_s) }),
    ...(settings.lang && { lang: settings.lang }),
  }
}

/** Cuts a list into pages of at most `size`, as even as they go: 7 in pages of 5 are 4 and 3. */
export function pagesOf<T>(items: T[], size: number): T[][] {
  if (items.length === 0) return []
  const count = Math.ceil(items.length / Math.max(1, size))
  const each = Math.ceil(items.length / count)
  return Array.from({ length: count }, (_, page) => items.slice(page * each, (page + 1) * each))
}
