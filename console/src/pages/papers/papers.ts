/** Periods a paper can be about, and its names. */
import type { Paper, Plan } from '@/api/types'
import { t } from '@/i18n'

export type Cadence = NonNullable<Paper['period']['cadence']>
export type Kind = Paper['kind']
export const cadences: Cadence[] = ['month', 'quarter', 'year']
export const kinds: Kind[] = ['bulletin', 'participation', 'figures']
export const langs: Paper['lang'][] = ['zh', 'en']

const named = (all: Kind[]) => all.map((value) => ({ value, label: t(`papers.${value}`) }))
export const kindOptions = () => named(kinds)
/** Kinds made of a period; a participation report is made of its round. */
export const periodicOptions = () => named(kinds.filter((kind) => kind !== 'participation'))
export const langOptions = () => langs.map((value) => ({ value, label: t(`papers.${value}`) }))
export const cadenceOptions = () => cadences.map((value) => ({ value, label: t(`papers.${value}`) }))

const MONTHS = { month: 1, quarter: 3, year: 12 } as const
const pad = (n: number) => String(n).padStart(2, '0')

/** The name of the period that begins in a month (from 0) of a year. */
export function periodName(cadence: Cadence, year: number, month: number): string {
  const quarter = Math.floor(month / 3)
  const values = { year, month: month + 1, nth: t(`papers.nth.${quarter as 0 | 1 | 2 | 3}`) }
  return t(`papers.name.${cadence}`, values)
}

/** Periods of an edition that have begun, the latest first; each by its first day. */
export function periodsOf(plan: Plan, cadence: Cadence, today: string): { value: string; label: string }[] {
  const step = MONTHS[cadence]
  const out: { value: string; label: string }[] = []
  const from = Number(plan.period.from.slice(0, 4))
  const to = Number(plan.period.to.slice(0, 4))
  for (let year = to; year >= from; year -= 1) {
    for (let month = 12 - step; month >= 0; month -= step) {
      const first = `${year}-${pad(month + 1)}-01`
      const next = month + step >= 12 ? `${year + 1}-01-01` : `${year}-${pad(month + step + 1)}-01`
      if (first <= today && first <= plan.period.to && next > plan.period.from) out.push({ value: first, label: periodName(cadence, year, month) })
    }
  }
  return out
}

export function today(): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(new Date())
}

export function nameOfPeriod(period: Paper['period']): string {
  if (!period.cadence) return `${period.from} – ${period.to}`
  return periodName(period.cadence, Number(period.from.slice(0, 4)), Number(period.from.slice(5, 7)) - 1)
}
