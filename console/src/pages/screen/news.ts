/** What moved between two looks at the trunk, so that the wall moves there and nowhere else. */
import type { Overview } from '@/api/types'

/** Keys of what changed: `indicator:7`, `programme:3`. */
export function moved(before: Overview | null, now: Overview): Set<string> {
  if (!before || before.plan.id !== now.plan.id) return new Set()
  const shape = (overview: Overview): Map<string, string> => {
    const indicators = overview.indicators.map((one): [string, string] => [
      `indicator:${one.number}`,
      JSON.stringify([one.latest?.value, one.latest?.at, one.status]),
    ])
    const programmes = overview.layers.flatMap((layer) =>
      layer.programmes.map((one): [string, string] => [`programme:${one.number}`, JSON.stringify(one.state_counts)]),
    )
    return new Map([...indicators, ...programmes])
  }
  const old = shape(before)
  return new Set([...shape(now)].filter(([key, value]) => old.get(key) !== value).map(([key]) => key))
}
