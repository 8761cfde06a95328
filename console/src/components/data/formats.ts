/** The files a dataset can be had as. */
import { api, hrefOf } from '@/api/client'
import type { Dataset, FileLink } from '@/api/types'

export const FORMATS = ['csv', 'xlsx', 'json', 'ndjson', 'geojson', 'parquet'] as const
export type Format = (typeof FORMATS)[number]
export const FORMAT_NAMES: Record<Format, string> = { csv: 'CSV', xlsx: 'XLSX', json: 'JSON', ndjson: 'NDJSON', geojson: 'GeoJSON', parquet: 'Parquet' }
/** A workbook takes this many rows. */
export const XLSX_ROWS_MAX = 100_000

export type Downloadable = Pick<Dataset, 'opening' | 'current' | 'fields'>

export function hasPlaces(fields: Dataset['fields']): boolean {
  return ['longitude', 'latitude'].every((role) => fields.some((one) => one.role === role))
}

/** Formats that will come, in the order people ask for them. */
export function formatsOf(dataset: Downloadable): Format[] {
  const rows = dataset.current?.rows
  if (rows === undefined) return []
  return FORMATS.filter((format) => (format === 'xlsx' ? rows <= XLSX_ROWS_MAX : format === 'geojson' ? hasPlaces(dataset.fields) : true))
}

/** Where the browser fetches a file; Parquet has an address of its own each time. */
export function exportHref(code: string, format: Exclude<Format, 'parquet'>): string {
  return hrefOf(`/datasets/${encodeURIComponent(code)}/export/${format}`)
}

export async function parquetHref(id: string): Promise<string> {
  const link = await api.post<FileLink>(`/datasets/${encodeURIComponent(id)}/file-links`, {})
  return link.path
}
