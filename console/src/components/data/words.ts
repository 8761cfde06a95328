/** Names of the catalogue's closed words, by the stable form the node sends. */
import { type Key, pick, t, words } from '@/i18n'
import type { DataField, Treatment } from '@/api/types'
import type { Comparison } from './filters'

type Vocabulary = 'theme' | 'cycle' | 'opening' | 'sharing' | 'licence' | 'fieldType' | 'dimension' | 'rule' | 'grade' | 'datasetState'

/** A word's name; a word this console does not know yet stays as it is. */
export function wordOf(vocabulary: Vocabulary, word: string | number): string {
  const key = `${vocabulary}.${word}`
  return key in words ? t(key as Key) : String(word)
}

export function treatmentOf(treatment: Treatment | null): string {
  if (treatment === null) return t('treatment.remove')
  switch (treatment.kind) {
    case 'mask':
      return t('treatment.mask', { first: treatment.keep_first, last: treatment.keep_last })
    case 'band':
      return t('treatment.band', { width: treatment.width })
    case 'grid':
      return t('treatment.grid', { seconds: treatment.seconds })
    default:
      return t(`treatment.${treatment.kind}`)
  }
}

/** Days are before and after, numbers less and more. */
export function comparisonName(comparison: Comparison, type: DataField['type']): string {
  const time = type === 'date' || type === 'datetime'
  const named: Partial<Record<Comparison, Key>> = time ? { lt: 'compare.before', le: 'compare.until', gt: 'compare.after', ge: 'compare.from' } : {}
  return t(named[comparison] ?? `compare.${comparison}`)
}

/** A field's name for people, with its unit of measurement; a heading that ends with it in brackets says it already. */
export function fieldTitle(field: { title: string; unit?: string }): string {
  return field.unit && !/[)）]$/.test(field.title) ? t('data.withUnit', { title: field.title, unit: field.unit }) : field.title
}

export { pick }
