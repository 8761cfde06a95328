/** What the charts of an indicator show. Full years and years to date are two charts, never one line. */
import type { Indicator, IndicatorValue } from '@/api/types'
import { t } from '@/i18n'
import { formatDate, formatNumber, formatUnit } from '@/lib/format'
import type { ChartData, ChartTable, Series } from '@/shared/chart/types'

export interface Picture {
  data: ChartData
  table: ChartTable
  summary: string
}

/** The revision in force for each date and period. */
export function current(values: IndicatorValue[]): IndicatorValue[] {
  return values.filter((one) => !one.superseded).sort((a, b) => a.at.localeCompare(b.at))
}

export function withUnit(indicator: Indicator, value: number): string {
  return [formatNumber(value, indicator.decimals), formatUnit(indicator.unit)].filter(Boolean).join(' ')
}

/** Baseline to targets with the values that may stand beside them: full years for a flow, else dates. */
export function pathPicture(indicator: Indicator, values: IndicatorValue[]): Picture {
  const flow = indicator.nature === 'flow'
  const end = (year: number) => `${year}-12-31`
  const baseline = { x: end(indicator.baseline.year), y: indicator.baseline.value }
  const show = (value: number) => formatNumber(value, indicator.decimals)
  const path: Series = {
    name: t('indicator.seriesPath'),
    role: 'path',
    points: [baseline, ...indicator.targets.map((one) => ({ x: end(one.year), y: one.value, label: show(one.value) }))],
  }
  const measured = current(values).filter((one) => (flow ? one.period === 'annual' : one.period === 'point'))
  const before = measured.some((one) => one.at === baseline.x) ? [] : [{ x: baseline.x, y: baseline.y, label: show(baseline.y) }]
  const actual: Series = {
    name: t('indicator.seriesActual'),
    role: 'actual',
    points: [...before, ...measured.map((one) => ({ x: one.at, y: one.value, label: show(one.value) }))],
  }
  const last = measured.at(-1)
  const latest = last && last.at !== baseline.x
  const summary = t('indicator.pathSummary', {
    baseline: `${indicator.baseline.year} ${withUnit(indicator, indicator.baseline.value)}`,
    targets: indicator.targets.map((one) => `${one.year} ${show(one.value)}`).join(t('common.listJoin')),
    latest: latest ? t('indicator.pathLatest', { value: show(last.value), at: formatDate(last.at) }) : t('indicator.pathNone'),
  })
  const dates = [...new Set([...path.points, ...actual.points].map((point) => point.x))].sort()
  const rows = dates.map((date) => [
    formatDate(date),
    numberAt(actual, date, show),
    date === baseline.x ? null : numberAt(path, date, show),
  ])
  return {
    data: { axis: 'time', series: [actual, path], unit: indicator.unit, decimals: indicator.decimals },
    table: { head: [t('indicator.date'), t('indicator.seriesActual'), t('indicator.seriesPath')], rows },
    summary,
  }
}

function numberAt(series: Series, date: string, show: (value: number) => string): string | null {
  const point = series.points.find((one) => one.x === date)
  return point ? show(point.y) : null
}

/** A flow's totals to date, month by month, a line a year; null when there are none. */
export function ytdPicture(indicator: Indicator, values: IndicatorValue[]): Picture | null {
  const running = current(values).filter((one) => one.period === 'ytd')
  if (running.length === 0) return null
  const show = (value: number) => formatNumber(value, indicator.decimals)
  const months = Array.from({ length: 12 }, (_, index) => t('indicator.month', { n: index + 1 }))
  const years = [...new Set(running.map((one) => one.at.slice(0, 4)))].sort()
  const newest = years.at(-1) ?? ''
  const series = years.map((year): Series => ({
    name: t('indicator.seriesYtd', { year }),
    role: year === newest ? 'actual' : 'earlier',
    points: running
      .filter((one) => one.at.startsWith(year))
      .map((one) => ({ x: months[Number(one.at.slice(5, 7)) - 1] ?? '', y: one.value, ...(year === newest && { label: show(one.value) }) })),
  }))
  const target = indicator.targets.find((one) => String(one.year) === newest)
  const lines = target ? [{ y: target.value, label: t('indicator.yearTarget', { year: target.year, value: show(target.value) }) }] : []
  const rows = months
    .map((month) => [month, ...series.map((one) => numberAt(one, month, show))])
    .filter((row) => row.slice(1).some((cell) => cell !== null))
  return {
    data: { axis: 'category', categories: months, series: series.reverse(), lines, unit: indicator.unit, decimals: indicator.decimals },
    table: { head: [t('indicator.date'), ...years.map((year) => t('indicator.seriesYtd', { year }))], rows },
    summary: t('indicator.ytdSummary'),
  }
}
