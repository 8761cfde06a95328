/** Whether the reader reports for a record: for all, or for one of the responsible units. */
import type { Named } from '@/api/types'
import { can, me } from '@/session/session'

const reporting = ['unit_reporter', 'unit_lead']

export function mayRecord(permission: 'Measure:Record' | 'Indicator:Record' | 'Goal:Record', responsible: Named[]): boolean {
  const reader = me.value
  if (!reader) return false
  if (can(permission)) return true
  const mine = new Set(reader.roles.filter((grant) => reporting.includes(grant.role)).flatMap((grant) => grant.unit?.id ?? []))
  return responsible.some((unit) => mine.has(unit.id))
}
