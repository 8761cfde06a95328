/** Numbers, dates and units as people read them. */
import { lang } from '@/i18n'

const locale = () => (lang.value === 'zh' ? 'zh-CN' : 'en-GB')

/** Thousands separated, with at least `decimals` places and as many as the number has (at most four). */
export function formatNumber(value: number, decimals?: number): string {
  const places =
    decimals === undefined
      ? { maximumFractionDigits: 4 }
      : { minimumFractionDigits: decimals, maximumFractionDigits: Math.max(decimals, 4) }
  return new Intl.NumberFormat(locale(), places).format(value)
}

/** Large plain counts in 万 and 亿 (Chinese) or k and m (English). */
export function formatCompact(value: number): string {
  const size = Math.abs(value)
  const show = (n: number, suffix: string) =>
    new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 }).format(n) + suffix
  if (lang.value === 'zh') {
    if (size >= 1e8) return show(value / 1e8, ' 亿')
    if (size >= 1e4) return show(value / 1e4, ' 万')
  } else {
    if (size >= 1e6) return show(value / 1e6, ' m')
    if (size >= 1e4) return show(value / 1e3, ' k')
  }
  return formatNumber(value)
}

const unitsInEnglish: Record<string, string> = {
  亿元: '100 m yuan',
  分钟: 'min',
  万元: '10 k yuan',
  万单: '10 k orders',
  万条: '10 k records',
  条: 'records',
  个: '',
  家: 'firms',
  座: '',
  项: '',
  人: 'people',
  万人: '10 k people',
  所: '',
  名: 'people',
}

/** A unit of measure in the reader's language; unknown ones stay as the plan writes them. */
export function formatUnit(unit: string): string {
  if (lang.value === 'zh') return unit
  return unitsInEnglish[unit] ?? unit
}

export function formatPercent(ratio: number, decimals = 1): string {
  return new Intl.NumberFormat(locale(), {
    style: 'percent',
    maximumFractionDigits: decimals,
    signDisplay: 'auto',
  }).format(ratio)
}

const shanghai = 'Asia/Shanghai'

/** A day: `2024-06-30` or an instant. */
export function formatDate(value: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) {
    const [year, month, day] = value.split('-').map(Number)
    if (lang.value === 'zh') return `${year}年${month}月${day}日`
    const date = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day))
    return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(date)
  }
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeZone: shanghai }).format(new Date(value))
}

/** An instant in Shanghai time, to the minute. */
export function formatTime(value: string): string {
  return new Intl.DateTimeFormat(locale(), {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    timeZone: shanghai,
  }).format(new Date(value))
}

/** How long ago, in words. */
export function formatAgo(value: string, now = Date.now()): string {
  const seconds = Math.round((new Date(value).getTime() - now) / 1000)
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['year', 31536000],
    ['month', 2592000],
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
  ]
  const words = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' })
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit)
  }
  return words.format(0, 'minute')
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB']
  let size = bytes
  let step = 0
  while (size >= 1024 && step < units.length - 1) {
    size /= 1024
    step += 1
  }
  return `${new Intl.NumberFormat(locale(), { maximumFractionDigits: 1 }).format(size)} ${units[step]}`
}
