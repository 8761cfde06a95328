/** The columns that lists of reports share. */
import type { ReportLine } from '@/api/types'
import { nameOf, t } from '@/i18n'
import { formatTime } from '@/lib/format'
import type { Column } from '@/shared/list/types'

export function unitText(one: ReportLine): string {
  const to = one.delegate_unit?.name ?? one.delegate_person?.name
  const more = [one.through && t('follow.through', { group: one.through.name }), to && t('follow.delegated', { name: to })].filter(Boolean)
  return more.length ? `${one.unit.name} (${more.join(t('common.listJoin'))})` : one.unit.name
}

export function reportColumns(): Column<ReportLine>[] {
  const time = (value: string | null) => (value ? formatTime(value) : null)
  return [
    { key: 'measure', label: t('follow.measure'), value: (one) => `${one.measure.number} ${nameOf(one.measure)}`, main: true },
    { key: 'unit', label: t('follow.unit'), value: unitText },
    { key: 'stage', label: t('follow.stage'), value: (one) => t(`report.stage.${one.late ? 'late' : one.stage}`), nowrap: true },
    { key: 'reported', label: t('follow.reported'), value: (one) => time(one.submitted_at), nowrap: true },
    { key: 'endorsed', label: t('follow.endorsedAt'), value: (one) => time(one.endorsed_at), nowrap: true },
    { key: 'reminded', label: t('follow.lastReminded'), value: (one) => time(one.reminded_at), nowrap: true },
  ]
}
