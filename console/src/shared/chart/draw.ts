/** The one chart theme: direct labels, targets as lines, no legend, no decoration. */
import { LineChart, type LineSeriesOption } from 'echarts/charts'
import {
  GridComponent,
  type GridComponentOption,
  MarkLineComponent,
  TooltipComponent,
  type TooltipComponentOption,
} from 'echarts/components'
import { type ComposeOption, type EChartsType, init, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer } from 'echarts/renderers'
import { formatNumber, formatUnit } from '@/lib/format'
import type { Band, ChartData, Series } from './types'

use([LineChart, GridComponent, MarkLineComponent, TooltipComponent, LabelLayout, CanvasRenderer])
type Option = ComposeOption<LineSeriesOption | GridComponentOption | TooltipComponentOption>

const ink = '#14272b'
const ink3 = '#5a6d72'
const line = '#dde5e4'
const water = '#0a6570'
const target = '#8a5a00'
const earlier = '#7f9296'

export type Chart = EChartsType

export function create(element: HTMLElement): Chart {
  return init(element, null, { renderer: 'canvas' })
}

const forecast = '#3d868e'
const colours: Record<Series['role'], string> = { actual: water, path: target, earlier, forecast }
const bandColours: Record<Band['width'], string> = { wide: '#dcebec', narrow: '#b5d4d6' }

function seriesOf(one: Series, data: ChartData, font: number, lines: LineSeriesOption['markLine']): LineSeriesOption {
  const colour = colours[one.role]
  const path = one.role === 'path'
  return {
    name: one.name,
    type: 'line',
    data: one.points.map((point) => ({
      value: [point.x, point.y],
      label: { show: point.label !== undefined, formatter: point.label ?? '' },
    })),
    symbol: path ? 'emptyDiamond' : 'circle',
    symbolSize: path ? 9 : 7,
    showSymbol: true,
    lineStyle: { color: colour, width: one.role === 'actual' ? 2.4 : 1.4, type: path ? [5, 4] : one.role === 'forecast' ? [2, 3] : 'solid' },
    itemStyle: { color: colour },
    label: { position: path ? 'top' : 'bottom', color: path ? target : ink, fontSize: font - 1, distance: 8 },
    labelLayout: { hideOverlap: true, moveOverlap: 'shiftY' },
    endLabel: { show: true, formatter: '{a}', color: colour, fontSize: font - 1, distance: 8 },
    z: one.role === 'actual' ? 3 : 2,
    ...(lines && { markLine: lines }),
    ...(data.axis === 'category' && { connectNulls: false }),
  }
}

/** A band as two stacked lines: its lower edge, unseen, and what lies between the edges. */
function bandOf(band: Band, font: number): LineSeriesOption[] {
  const plain = { type: 'line' as const, stack: band.name, stackStrategy: 'all' as const, symbol: 'none', silent: true, lineStyle: { opacity: 0 }, z: band.width === 'wide' ? 0 : 1 }
  return [
    { ...plain, name: `${bandMark}low`, data: band.points.map((point) => [point.x, point.low]) },
    {
      ...plain,
      name: `${bandMark}${band.name}`,
      data: band.points.map((point) => [point.x, point.high - point.low]),
      areaStyle: { color: bandColours[band.width], opacity: 1 },
      endLabel: { show: true, formatter: band.name, color: ink3, fontSize: font - 2, distance: 8 },
      labelLayout: { moveOverlap: 'shiftY' },
    },
  ]
}
/** Marks what a tooltip leaves out. */
const bandMark = '\u2060'

interface Found {
  seriesName?: string
  value: unknown
}
/** The date and what is known of it; the bands in words. */
function tooltipOf(found: Found | Found[], data: ChartData): string {
  const list = Array.isArray(found) ? found : [found]
  const at = String((list[0]?.value as [string, number] | undefined)?.[0] ?? '')
  const show = (value: number) => `${formatNumber(value, data.decimals)} ${formatUnit(data.unit)}`
  const lines = list
    .filter((one) => !one.seriesName?.startsWith(bandMark))
    .map((one) => `${one.seriesName ?? ''}  ${show(Number((one.value as [string, number])[1]))}`)
  const bands = (data.bands ?? []).flatMap((band) => {
    const point = band.points.find((one) => one.x === at && one.low !== one.high)
    return point ? [`${band.name}  ${show(point.low)} – ${show(point.high)}`] : []
  })
  return [at, ...lines, ...bands].join('\n')
}

/** The whole picture, for the given text size in px. */
export function optionOf(data: ChartData, font: number): Option {
  const number = (value: number) => formatNumber(value, data.decimals)
  const marks = data.lines?.length
    ? {
        silent: true,
        symbol: 'none' as const,
        lineStyle: { color: target, type: [5, 4] as [number, number], width: 1.2 },
        label: { position: 'insideEndTop' as const, color: target, fontSize: font - 1, formatter: '{b}' },
        data: data.lines.map((one) => ({ yAxis: one.y, name: one.label })),
      }
    : undefined
  const all = data.series.flatMap((one) => one.points.map((point) => point.y)).concat((data.lines ?? []).map((one) => one.y))
  all.push(...(data.bands ?? []).filter((band) => band.width === 'narrow').flatMap((band) => band.points.flatMap((point) => [point.low, point.high])))
  const low = Math.min(...all)
  const high = Math.max(...all)
  const room = (high - low || Math.abs(high) || 1) * 0.18
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: font, color: ink },
    grid: { left: 8, right: font * 7, top: 32, bottom: 8, containLabel: true },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      confine: true,
      axisPointer: { lineStyle: { color: water } },
      textStyle: { color: ink, fontSize: font },
      borderColor: '#bfcccb',
      ...(data.bands?.length && { formatter: (found: unknown) => tooltipOf(found as Found | Found[], data) }),
      valueFormatter: (value) => `${number(Number(Array.isArray(value) ? value[1] : value))} ${formatUnit(data.unit)}`,
    },
    xAxis:
      data.axis === 'time'
        ? {
            type: 'time',
            // Room at the start, so that the first label does not sit on the axis.
            min: (extent) => extent.min - (extent.max - extent.min) * 0.05,
            axisLine: { lineStyle: { color: '#bfcccb' } },
            axisLabel: { color: ink3, fontSize: font - 1, formatter: '{yyyy}-{MM}', hideOverlap: true },
            axisTick: { show: false },
            splitNumber: 4,
          }
        : {
            type: 'category',
            data: data.categories ?? [],
            boundaryGap: false,
            axisLine: { lineStyle: { color: '#bfcccb' } },
            axisLabel: { color: ink3, fontSize: font - 1, hideOverlap: true },
            axisTick: { show: false },
          },
    yAxis: {
      type: 'value',
      name: formatUnit(data.unit),
      nameTextStyle: { color: ink3, fontSize: font - 1, align: 'left' },
      min: data.axis === 'category' && low >= 0 ? 0 : Math.max(low >= 0 ? 0 : -Infinity, low - room),
      max: high + room,
      axisLabel: { color: ink3, fontSize: font - 1, formatter: (value: number) => formatNumber(Math.round(value)), showMinLabel: false, showMaxLabel: false },
      splitLine: { lineStyle: { color: line } },
    },
    series: (data.bands ?? []).flatMap((band) => bandOf(band, font)).concat(data.series.map((one, index) => seriesOf(one, data, font, index === 0 ? marks : undefined))),
  }
}
