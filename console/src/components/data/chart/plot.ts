/** Drawing a plot in the one theme; loaded when a chart is on the page. */
import { BarChart, type BarSeriesOption, LineChart, type LineSeriesOption, ScatterChart, type ScatterSeriesOption } from 'echarts/charts'
import { GridComponent, type GridComponentOption, TooltipComponent, type TooltipComponentOption } from 'echarts/components'
import { type ComposeOption, type EChartsType, init, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer } from 'echarts/renderers'
import { formatCompact, formatNumber, formatUnit } from '@/lib/format'
import type { Plot } from './picture'

use([BarChart, LineChart, ScatterChart, GridComponent, TooltipComponent, LabelLayout, CanvasRenderer])
type Option = ComposeOption<BarSeriesOption | LineSeriesOption | ScatterSeriesOption | GridComponentOption | TooltipComponentOption>
export type Drawn = EChartsType

const ink = '#14272b'
const ink3 = '#5a6d72'
const rule = '#dde5e4'
const axis = '#bfcccb'
/** Told apart also by those who see few colours: they differ in lightness as well. */
export const COLOURS = ['#0a6570', '#d08a1d', '#6a4c93', '#5aa469', '#b8423a', '#8a9a9e', '#1b3a4b']
export const SYMBOLS = ['circle', 'diamond', 'triangle', 'rect', 'emptyCircle', 'emptyDiamond', 'emptyTriangle']

export function create(element: HTMLElement): Drawn {
  return init(element, null, { renderer: 'canvas' })
}

const colourOf = (i: number) => COLOURS[i % COLOURS.length] ?? ink

function seriesOf(plot: Plot, font: number): (BarSeriesOption | LineSeriesOption | ScatterSeriesOption)[] {
  const single = plot.series.length === 1
  return plot.series.map((one, i): BarSeriesOption | LineSeriesOption | ScatterSeriesOption => {
    const colour = colourOf(i)
    if (plot.form === 'points') {
      const many = (one.points?.length ?? 0) > 400
      return { type: 'scatter', name: one.name, data: one.points ?? [], symbol: SYMBOLS[i % SYMBOLS.length] ?? 'circle', symbolSize: many ? 5 : 8, itemStyle: { color: colour, opacity: many ? 0.45 : 0.75 } }
    }
    if (plot.form === 'lines') {
      const dense = plot.categories.length > 60
      return {
        type: 'line',
        name: one.name,
        data: one.values,
        symbol: SYMBOLS[i % SYMBOLS.length] ?? 'circle',
        symbolSize: 6,
        showSymbol: !dense,
        connectNulls: false,
        lineStyle: { color: colour, width: single ? 2.2 : 1.8 },
        itemStyle: { color: colour },
        ...(!single && { endLabel: { show: true, formatter: '{a}', color: colour, fontSize: font - 1, distance: 6 }, labelLayout: { moveOverlap: 'shiftY' as const } }),
      }
    }
    const room = plot.categories.length * plot.series.length <= 24
    return {
      type: 'bar',
      name: one.name,
      data: one.values,
      barMaxWidth: plot.form === 'rows' ? 22 : 56,
      barCategoryGap: plot.categories.length > 30 ? '8%' : '28%',
      barGap: '8%',
      itemStyle: { color: colour, borderRadius: plot.form === 'rows' ? [0, 2, 2, 0] : [2, 2, 0, 0] },
      label: { show: room, position: plot.form === 'rows' ? 'right' : 'top', color: ink, fontSize: font - 1, formatter: (found) => (found.value === null ? '' : formatCompact(Math.round(Number(found.value) * 100) / 100)) },
      labelLayout: { hideOverlap: true },
    }
  })
}

export function optionOf(plot: Plot, font: number, narrow: boolean): Option {
  const unit = formatUnit(plot.unit)
  const number = { type: 'value' as const, axisLabel: { color: ink3, fontSize: font - 1, formatter: (value: number) => formatCompact(value) }, splitLine: { lineStyle: { color: rule } } }
  const names = {
    type: 'category' as const,
    data: plot.categories,
    axisLine: { lineStyle: { color: axis } },
    axisTick: { show: false },
    axisLabel: { color: plot.form === 'rows' ? ink : ink3, fontSize: font - 1, hideOverlap: true, ...(plot.form === 'rows' && { width: narrow ? 96 : 180, overflow: 'truncate' as const, interval: 0 }) },
  }
  const yName = unit ? `${plot.yName} (${unit})` : plot.yName
  const below = { name: plot.xName, nameLocation: 'middle' as const, nameGap: font * 2, nameTextStyle: { color: ink3, fontSize: font - 1 } }
  const above = { name: yName, nameLocation: 'end' as const, nameTextStyle: { color: ink3, fontSize: font - 1, align: 'left' as const, padding: [0, 0, 0, -font * 2] } }
  const ends = plot.form === 'lines' && plot.series.length > 1 ? font * (narrow ? 5 : 8) : plot.form === 'rows' ? font * 4 : 16
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: font, color: ink },
    grid: { left: 8, right: ends, top: plot.form === 'rows' ? 8 : 36, bottom: plot.form === 'rows' ? 8 : 28, containLabel: true },
    tooltip: {
      trigger: plot.form === 'points' ? 'item' : 'axis',
      renderMode: 'richText',
      confine: true,
      axisPointer: { type: plot.form === 'lines' ? 'line' : 'shadow' },
      textStyle: { color: ink, fontSize: font },
      borderColor: axis,
      valueFormatter: (value) => (Array.isArray(value) ? value.map((one) => formatNumber(Number(one))).join(', ') : value === null || value === undefined ? '—' : `${formatNumber(Number(value))} ${unit}`.trim()),
    },
    ...(plot.form === 'rows'
      ? { xAxis: { ...number, axisLabel: { show: false }, splitLine: { show: false } }, yAxis: { ...names, inverse: true, axisLine: { show: false } } }
      : plot.form === 'points'
        ? { xAxis: { ...number, ...below, scale: true }, yAxis: { ...number, ...above, scale: true } }
        : { xAxis: { ...names, ...below, boundaryGap: plot.form === 'bars' }, yAxis: { ...number, ...above, scale: plot.form === 'lines' } }),
    series: seriesOf(plot, font),
  }
}
