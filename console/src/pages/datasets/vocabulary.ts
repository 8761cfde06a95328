/** The catalogue's closed words as choices. */
import { wordOf } from '@/components/data/words'
import type { DataField, Dataset, DatasetProfile, Treatment } from '@/api/types'
import { type Key, t, words } from '@/i18n'

export const FIELD_TYPES = ['text', 'integer', 'number', 'boolean', 'date', 'datetime'] as const
export const GRADES = [1, 2, 3, 4] as const
export const OPENINGS = ['unconditional', 'conditional', 'none'] as const
export const SHARINGS = ['unconditional', 'conditional', 'none'] as const
export const CYCLES = ['realtime', 'daily', 'weekly', 'monthly', 'quarterly', 'half_yearly', 'yearly', 'irregular'] as const
export const LICENCES = ['cc_by_4_0', 'cc0_1_0', 'stated'] as const
export const THEMES = ['economy', 'city', 'traffic', 'education', 'services', 'safety', 'environment', 'culture', 'health', 'institutions', 'farming', 'credit'] as const
export const STATES = ['draft', 'published', 'withdrawn'] as const
export const EXPOSURES = ['none', 'identifying', 'sensitive'] as const
export const ROLES = ['plain', 'longitude', 'latitude'] as const
export const ENCODINGS = ['utf-8', 'gb18030', 'utf-16le', 'utf-16be'] as const
export const DELIMITERS = [',', ';', '\t', '|'] as const

type Vocabulary = Parameters<typeof wordOf>[0]
export const choices = (vocabulary: Vocabulary, all: readonly (string | number)[]) => all.map((one) => ({ value: String(one), label: wordOf(vocabulary, one) }))
export const exposureChoices = () => EXPOSURES.map((value) => ({ value, label: t(`exposure.${value}`) }))
export const roleChoices = () => ROLES.map((value) => ({ value, label: t(`fieldRole.${value}`) }))

/** What was found in a field, in words. */
export function classWord(found: string | null): string {
  const key = `class.${found ?? ''}`
  return key in words ? t(key as Key) : (found ?? '')
}

/** What the grades of its fields suggest for opening. */
export function suggestedOpening(fields: Pick<DataField, 'grade'>[]): Dataset['opening'] {
  const most = highestGrade(fields)
  return most <= 1 ? 'unconditional' : most === 2 ? 'conditional' : 'none'
}
export const highestGrade = (fields: Pick<DataField, 'grade'>[]) => Math.max(1, ...fields.map((one) => one.grade))
/** Opened further than the grades suggest: a decision that needs a reason. */
export const opensFurther = (opening: Dataset['opening'], fields: Pick<DataField, 'grade'>[]) => OPENINGS.indexOf(opening) < OPENINGS.indexOf(suggestedOpening(fields))

/** Ways a field of a type may leave for those who may not see it as it is. */
export function treatmentsFor(type: DataField['type'], role: DataField['role']): Treatment['kind'][] {
  const number = type === 'integer' || type === 'number'
  const day = type === 'date' || type === 'datetime'
  return [
    'remove',
    ...(type === 'boolean' ? [] : (['mask', 'digest'] as const)),
    ...(type === 'text' || type === 'integer' ? (['encrypt'] as const) : []),
    ...(day || type === 'text' ? (['month', 'year'] as const) : []),
    ...(number ? (['band'] as const) : []),
    ...(number && role !== 'plain' ? (['grid'] as const) : []),
  ]
}
/** A treatment with the numbers people usually want. */
export function usual(kind: Treatment['kind']): Treatment {
  if (kind === 'mask') return { kind, keep_first: 3, keep_last: 4 }
  if (kind === 'band') return { kind, width: 10 }
  if (kind === 'grid') return { kind, seconds: 60 }
  return { kind }
}

/** The part of a dataset that is edited. */
export function profileOf(one: Dataset): DatasetProfile {
  const { title, title_en, summary, summary_en, item_code, update_cycle, sharing, sharing_terms, opening, opening_terms, themes, tags, contact, licence, spatial, covers_from, covers_to, lineage, sample, fields } = one
  return { title, title_en, summary, summary_en, item_code, unit_id: one.unit.id, update_cycle, sharing, sharing_terms, opening, opening_terms, themes, tags, contact, licence, spatial, covers_from, covers_to, lineage, sample, fields }
}
