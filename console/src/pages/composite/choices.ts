/** The choices of an index as the address holds them: what differs from the saved ones, and no more. */
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { IndexChoices } from '@/api/types'

export const steps = {
  missing: ['available', 'drop', 'mean', 'median', 'nearest'],
  outliers: ['keep', 'winsorise'],
  normalisation: ['min_max', 'z_score', 'rank', 'reference'],
  weighting: ['equal', 'entropy', 'critic', 'ahp', 'manual'],
  aggregation: ['arithmetic', 'geometric', 'topsis'],
} as const
export type Step = keyof typeof steps
export const factors = ['missing', 'outliers', 'normalisation', 'weights', 'aggregation'] as const

/** Names of the query parameters that are choices. */
const names = [...Object.keys(steps), 'manual', 'pairs', 'draws', 'noise', 'vary']

export function useChoices() {
  const route = useRoute()
  const router = useRouter()
  const text = (name: string) => (typeof route.query[name] === 'string' ? (route.query[name] as string) : '')
  const index = computed(() => text('index'))
  const scope = computed(() => (text('scope') === 'programme' ? 'programme' : 'unit'))
  const entity = computed(() => text('entity'))
  const params = computed(() => Object.fromEntries(names.filter((name) => route.query[name] !== undefined).map((name) => [name, text(name) || ','])))
  const changed = computed(() => Object.keys(params.value).length > 0)
  function set(values: Record<string, string | undefined>): void {
    const query = { ...route.query, ...values }
    void router.replace({ query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== null)) })
  }
  /** Another index or scope begins with its own choices. */
  function open(id: string, of = 'unit'): void {
    const kept = route.query['plan']
    void router.replace({ query: { ...(kept && { plan: kept }), ...(id ? { index: id } : { scope: of }) } })
  }
  const restore = () => set(Object.fromEntries(names.map((name) => [name, undefined])))
  const addressOf = (id: string) => router.resolve({ query: { ...route.query, entity: id } }).fullPath
  return { index, scope, entity, params, changed, set, open, restore, addressOf }
}

/** A judgement as people write it: 3, 1/3. */
export function judgement(value: number): string {
  return value >= 0.995 ? String(Math.round(value * 10) / 10) : `1/${Math.round(10 / value) / 10}`
}

/** Judgements above the diagonal as pairs of positions, row by row. */
export function pairsOf(size: number): [number, number][] {
  return Array.from({ length: size }, (_, row) => Array.from({ length: size - row - 1 }, (_, more) => [row, row + more + 1] as [number, number])).flat()
}

/** Weights for so many variables: as saved, or all alike. */
export function weightsOf(choices: IndexChoices, size: number): number[] {
  return choices.manual.length === size ? choices.manual : Array.from({ length: size }, () => 1)
}
