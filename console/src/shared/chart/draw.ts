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
import type { ChartData, Series } from './types'

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

const colours: Record<Series['role'], string> = { actual: water, path: target, earlier }

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
    lineStyle: { color: colour, width: one.role === 'actual' ? 2.4 : 1.4, type: path ? [5, 4] : 'solid' },
    itemStyle: { color: colour },
    label: { position: path ? 'top' : 'bottom', color: path ? target : ink, fontSize: font - 1, distance: 8 },
    labelLayout: { hideOverlap: true, moveOverlap: 'shiftY' },
    endLabel: { show: true, formatter: '{a}', color: colour, fontSize: font - 1, distance: 8 },
    z: one.role === 'actual' ? 3 : 2,
    ...(lines && { markLine: lines }),
    ...(data.axis === 'category' && { connectNulls: false }),
  }
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
    series: data.series.map((one, index) => seriesOf(one, data, font, index === 0 ? marks : undefined)),
  }
}
