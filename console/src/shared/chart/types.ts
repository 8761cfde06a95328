/** What a chart shows; drawing is loaded when a chart is on the page. */
export interface Point {
  /** `2024-06-30` on a time axis; a category's name otherwise. */
  x: string
  y: number
  /** Written at the point itself. */
  label?: string
}
export interface Series {
  name: string
  points: Point[]
  /** How it reads: what was measured, where it should go, or an earlier year for comparison. */
  role: 'actual' | 'path' | 'earlier' | 'forecast'
}
/** How sure a forecast is: the darker band holds the value more often than not. */
export interface Band {
  name: string
  points: { x: string; low: number; high: number }[]
  /** The narrow one is drawn over the wide one. */
  width: 'wide' | 'narrow'
}
export interface ChartData {
  axis: 'time' | 'category'
  categories?: string[]
  series: Series[]
  bands?: Band[]
  /** Lines across: targets of a period. */
  lines?: { y: number; label: string }[]
  unit: string
  decimals: number
}
export interface ChartTable {
  head: string[]
  rows: (string | number | null)[][]
}
