/** Where days stand on a line from the edition's first day to its last. */
export const DAY_MS = 86_400_000
const ms = (day: string) => Date.parse(`${day}T00:00:00Z`)

/** 0 to 100 along the line. */
export function share(day: string, from: string, to: string): number {
  const whole = Math.max(ms(to) + DAY_MS - ms(from), DAY_MS)
  return Math.min(Math.max(((ms(day) - ms(from)) / whole) * 100, 0), 100)
}

/** Left edge and width of a bar, in per cent; never thinner than can be seen. */
export function bar(starts: string | null, due: string, from: string, to: string): { left: string; width: string } {
  const left = share(starts ?? due, from, to)
  const right = share(new Date(ms(due) + DAY_MS).toISOString().slice(0, 10), from, to)
  return { left: `${left}%`, width: `${Math.max(right - left, 0.6)}%` }
}

/** The line each bar stands on, so that none hides another: milestones first, sub-tasks below them. */
export function lanes(all: { id: string; starts: string | null; due: string; parent_id: string | null }[]): { lane: Map<string, number>; count: number } {
  const lane = new Map<string, number>()
  let floor = 0
  for (const group of [all.filter((one) => !one.parent_id), all.filter((one) => one.parent_id)]) {
    const ends: string[] = []
    for (const one of [...group].sort((a, b) => (a.starts ?? a.due).localeCompare(b.starts ?? b.due))) {
      const free = ends.findIndex((end) => end < (one.starts ?? one.due))
      const at = free === -1 ? ends.length : free
      ends[at] = one.due
      lane.set(one.id, floor + at)
    }
    floor += ends.length
  }
  return { lane, count: floor }
}

/** The first day of each quarter between two days. */
export function quarters(from: string, to: string): { day: string; label: string }[] {
  const all: { day: string; label: string }[] = []
  for (let year = Number(from.slice(0, 4)); year <= Number(to.slice(0, 4)); year += 1) {
    for (let q = 0; q < 4; q += 1) {
      const day = `${year}-${String(q * 3 + 1).padStart(2, '0')}-01`
      if (day >= from && day <= to) all.push({ day, label: `${year} Q${q + 1}` })
    }
  }
  return all
}

/** The weeks of a month, Monday first; days of other months are null. */
export function weeks(month: string): (string | null)[][] {
  const first = new Date(`${month}-01T00:00:00Z`)
  const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  const before = (first.getUTCDay() + 6) % 7
  const cells: (string | null)[] = Array.from({ length: before }, () => null)
  for (let day = 1; day <= days; day += 1) cells.push(`${month}-${String(day).padStart(2, '0')}`)
  while (cells.length % 7) cells.push(null)
  return Array.from({ length: cells.length / 7 }, (_, i) => cells.slice(i * 7, i * 7 + 7))
}

/** The month some months later. */
export function monthAfter(month: string, step: number): string {
  const [year, number] = month.split('-').map(Number)
  return new Date(Date.UTC(year ?? 2024, (number ?? 1) - 1 + step, 1)).toISOString().slice(0, 7)
}
