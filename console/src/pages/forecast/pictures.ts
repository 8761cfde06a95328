/** What the charts of a forecast show. */
import type { ForecastTrack, TargetOutlook } from '@/api/types'
import { pick, t } from '@/i18n'
import { formatDate, formatNumber, formatUnit } from '@/lib/format'
import type { Band, Series } from '@/shared/chart/types'
import type { Picture } from '@/pages/indicators/series'

export interface Shown {
  unit: string
  decimals: number
  targets: TargetOutlook[]
}

export function chanceText(chance: number): string {
  if (chance < 0.05) return t('risks.below')
  if (chance > 0.95) return t('risks.above')
  return t('risks.about', { n: Math.round(chance * 20) * 5 })
}

/** A track with its coming steps; null when nothing can be said of it. */
export function bandPicture(track: ForecastTrack, of: Shown): Picture | null {
  const outlook = track.outlook
  const last = track.points.at(-1)
  const end = outlook?.ahead.at(-1)
  if (!outlook || !last || !end) return null
  const show = (value: number) => formatNumber(value, of.decimals)
  /** An estimate is told no finer than the indicator's own numbers. */
  const guess = (value: number) => show(Number(value.toFixed(of.decimals)))
  const unit = (value: number) => [guess(value), formatUnit(of.unit)].filter(Boolean).join(' ')
  // A sum to date starts anew each year: its line is not drawn down to the new year's first sum.
  const joins = track.period !== 'ytd' || outlook.ahead[0]?.at.slice(0, 4) === last.at.slice(0, 4)
  const start = joins ? [{ x: last.at, y: last.value }] : []
  const ahead = outlook.ahead.filter((one) => one.at > last.at)
  const band = (width: Band['width']): Band => ({
    name: t(width === 'narrow' ? 'forecast.band80' : 'forecast.band95'),
    width,
    points: [
      ...start.map((one) => ({ x: one.x, low: one.y, high: one.y })),
      ...ahead.map((one) => (width === 'narrow' ? { x: one.at, low: one.low_80, high: one.high_80 } : { x: one.at, low: one.low_95, high: one.high_95 })),
    ],
  })
  const actual: Series = {
    name: t('forecast.actual'),
    role: 'actual',
    points: track.points.map((one) => ({ x: one.at, y: one.value, ...(one === last && { label: show(one.value) }) })),
  }
  const line: Series = {
    name: t('forecast.line'),
    role: 'forecast',
    points: [...start, ...ahead.map((one) => ({ x: one.at, y: one.value, ...(one === end && { label: guess(one.value) }) }))],
  }
  const targets: Series = {
    name: t('forecast.target'),
    role: 'path',
    points: of.targets.map((one) => ({ x: one.due, y: one.target, label: show(one.target) })),
  }
  const summary = t('forecast.summary', {
    n: track.points.length,
    method: pick(outlook.method_name),
    at: formatDate(end.at),
    value: unit(end.value),
    low: unit(end.low_80),
    high: unit(end.high_80),
  })
  const rows = [
    ...track.points.map((one) => [formatDate(one.at), t('forecast.actual'), show(one.value), null, null]),
    ...ahead.map((one) => [formatDate(one.at), t('forecast.line'), guess(one.value), `${guess(one.low_80)} – ${guess(one.high_80)}`, `${guess(one.low_95)} – ${guess(one.high_95)}`]),
  ]
  return {
    data: { axis: 'time', series: [actual, line, ...(of.targets.length ? [targets] : [])], bands: [band('wide'), band('narrow')], unit: of.unit, decimals: of.decimals },
    table: { head: [t('forecast.date'), t('forecast.kind'), t('forecast.value'), t('forecast.band80'), t('forecast.band95')], rows },
    summary,
  }
}
