/** What of a dataset is looked at: the tab, conditions, order, version; all of it in the address. */
import { computed } from 'vue'
import { type LocationQuery, type LocationQueryRaw, useRoute, useRouter } from 'vue-router'
import { fromText, type RowFilter, toText } from '@/components/data/filters'

export const TABS = ['table', 'chart', 'map', 'dictionary', 'quality', 'versions', 'api'] as const
export type Tab = (typeof TABS)[number]

const text = (value: LocationQuery[string] | undefined) => (typeof value === 'string' ? value : '')
const list = (value: LocationQuery[string] | undefined) => (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string')

export function useView() {
  const route = useRoute()
  const router = useRouter()
  type Query = Record<string, string | null | (string | null)[] | undefined>
  /** Several changes of one moment become one address. */
  let pending: Query | null = null
  let pushes = false
  const set = (part: Query, keepPlace = true) => {
    const waits = pending !== null
    pending = { ...(pending ?? route.query), ...part }
    pushes ||= !keepPlace
    if (waits) return
    queueMicrotask(() => {
      const query = Object.fromEntries(Object.entries(pending ?? {}).filter(([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)))
      const go = pushes ? router.push : router.replace
      pending = null
      pushes = false
      void go({ query: query as LocationQueryRaw })
    })
  }
  const tab = computed<Tab>({
    get: () => TABS.find((one) => one === route.query['tab']) ?? 'table',
    set: (now) => set({ tab: now === 'table' ? '' : now }, false),
  })
  const words = computed({ get: () => text(route.query['q']), set: (q) => set({ q }) })
  const filters = computed<RowFilter[]>({
    get: () => list(route.query['f']).flatMap((one) => fromText(one) ?? []),
    set: (now) => set({ f: now.map(toText) }),
  })
  const sort = computed({
    get: () => {
      const by = text(route.query['sort'])
      return by ? { field: by.replace(/^-/, ''), down: by.startsWith('-') } : null
    },
    set: (now) => set({ sort: now ? (now.down ? '-' : '') + now.field : '' }),
  })
  const version = computed<number | null>({
    get: () => (/^[1-9]\d{0,8}$/.test(text(route.query['v'])) ? Number(route.query['v']) : null),
    set: (now) => set({ v: now === null ? '' : String(now) }),
  })
  const chart = computed({ get: () => text(route.query['chart']), set: (now) => set({ chart: now }) })
  return { tab, words, filters, sort, version, chart, set }
}
export type DataView = ReturnType<typeof useView>
