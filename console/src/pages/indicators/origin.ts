/** Where an indicator's number is from, in words. */
import type { Indicator, IndicatorValue, Period } from '@/api/types'
import { t } from '@/i18n'
import { formatDate } from '@/lib/format'
import type { Origin } from '@/shared/number/WhereFrom.vue'

const methods = {
  annual: 'indicator.methodAnnual',
  ytd: 'indicator.methodYtd',
  point: 'indicator.methodPoint',
} as const

function method(at: string, period: Period): string {
  return `${t('indicator.asOf', { date: formatDate(at) })}${t('common.listJoin')}${t(methods[period])}`
}

export function latestOrigin(indicator: Indicator): Origin {
  const latest = indicator.latest
  if (!latest) return { source: t('state.no_data') }
  return { source: t(`indicator.source.${latest.source}`), method: method(latest.at, latest.period) }
}

export function valueOrigin(value: IndicatorValue): Origin {
  return {
    source: t(`indicator.source.${value.source}`),
    time: value.recorded_at,
    by: value.recorded_by?.name ?? t('common.system'),
    method: `${method(value.at, value.period)}${t('common.listJoin')}${t('indicator.revisionNo', { n: value.revision })}`,
    note: value.note,
    factId: value.fact_id,
  }
}
