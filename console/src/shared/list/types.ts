/** What a page says about its list; the list does the rest. */
export type Cell = string | number | null | undefined

export interface Column<T> {
  key: string
  label: string
  /** For sorting and export; also shown when the page has no `cell-<key>` slot. */
  value: (row: T) => Cell
  /** Numbers stand to the right. */
  numeric?: boolean
  /** Off until the reader turns it on. */
  off?: boolean
  /** The one that names the row: never hidden, and the row's heading. */
  main?: boolean
  fixed?: boolean
  nowrap?: boolean
}

export interface Filter {
  key: string
  label: string
  /** A choice when it has options; else words or a day to type. */
  options?: { value: string; label: string }[]
  type?: 'text' | 'date'
}

export interface Sort {
  key: string
  down: boolean
}

export interface ListQuery {
  limit: number
  cursor: string | null
  [filter: string]: string | number | null
}
