/** Values of rows as people read them. */
import { t } from '@/i18n'
import { formatNumber } from '@/lib/format'
import type { Row, Value } from './chart/picture'

export type { Row, Value }
export interface RowColumn {
  name: string
  title: string
  /** A type as the node names it: `text`, `integer`, `number`, `date`, `timestamp`, … */
  type: string
  unit?: string
  /** What it means, said on its heading. */
  meaning?: string
}

export const isNumberType = (type: string) => type === 'integer' || type === 'number' || type.startsWith('decimal')

/** Whole numbers that are years stand without a thousands mark. */
export function looksLikeYears(values: Value[]): boolean {
  const known = values.filter((one) => one !== null)
  return known.length > 0 && known.every((one) => typeof one === 'number' && Number.isInteger(one) && one >= 1900 && one <= 2100)
}

/** `null` for what is missing. */
export function cellText(value: Value | undefined, type: string, plain = false): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return value ? t('common.yes') : t('common.no')
  if (typeof value === 'number') return plain ? String(value) : formatNumber(value)
  if (type === 'timestamp' || type === 'datetime') return String(value).replace('T', ' ').replace(/(\d{2}:\d{2}):00(\.0+)?$/, '$1')
  if (typeof value === 'object') return JSON.stringify(value)
  return isNumberType(type) && value !== '' && Number.isFinite(Number(value)) ? formatNumber(Number(value)) : String(value)
}
