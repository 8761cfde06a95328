/** Columns of a list of indicators, shared by the overview and the indicators page. */
import type { Indicator } from '@/api/types'
import { nameOf, t } from '@/i18n'
import { formatUnit } from '@/lib/format'
import type { Column } from '@/shared/list/types'
import { states } from '@/shared/states'

/** The years of targets in this edition, in order. */
export function targetYears(indicators: Indicator[]): number[] {
  return [...new Set(indicators.flatMap((one) => one.targets.map((target) => target.year)))].sort()
}

export function indicatorColumns(years: number[], baselineYear: number): Column<Indicator>[] {
  return [
    { key: 'number', label: t('indicator.number'), value: (one) => one.number, fixed: true, nowrap: true },
    { key: 'name', label: t('indicator.name'), value: (one) => nameOf(one), main: true },
    { key: 'unit', label: t('indicator.unit'), value: (one) => formatUnit(one.unit), nowrap: true },
    { key: 'baseline', label: t('indicator.baseline', { year: baselineYear }), value: (one) => one.baseline.value, numeric: true },
    ...years.map((year) => ({
      key: `target-${year}`,
      label: t('indicator.target', { year }),
      value: (one: Indicator) => one.targets.find((target) => target.year === year)?.value ?? null,
      numeric: true,
    })),
    { key: 'latest', label: t('indicator.latest'), value: (one) => one.latest?.value ?? null, numeric: true },
    { key: 'at', label: t('indicator.at'), value: (one) => one.latest?.at ?? null, off: true, nowrap: true },
    { key: 'path', label: t('overview.progress'), value: () => null },
    { key: 'status', label: t('indicator.status'), value: (one) => t(states.indicator[one.status].word), fixed: true },
    { key: 'units', label: t('indicator.responsible'), value: (one) => one.units.map((unit) => unit.name).join(t('common.listJoin')), off: true },
  ]
}
