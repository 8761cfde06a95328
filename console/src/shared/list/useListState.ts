/** Filters, sorting and columns of one list: in the address so that it can be shared, and as saved views. */
import { computed, reactive, ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { keep, kept } from '@/lib/kept'
import type { Sort } from './types'

export interface View {
  name: string
  filters: Record<string, string>
  sort: Sort | null
  hidden: string[] | null
}

export function useListState(id: string, filterKeys: string[], inAddress: boolean, startSort: Sort | null) {
  const route = useRoute()
  const router = useRouter()
  const names = ['q', ...filterKeys]
  const fromAddress = (name: string) => (inAddress && typeof route.query[name] === 'string' ? route.query[name] : '')

  const filters = reactive<Record<string, string>>(Object.fromEntries(names.map((name) => [name, fromAddress(name)])))
  const sort = ref<Sort | null>(parseSort(fromAddress('sort')) ?? startSort)
  const hidden = ref<string[] | null>(kept<string[]>(`columns.${id}`))
  const views = ref<View[]>(kept<View[]>(`views.${id}`) ?? [])
  const filtered = computed(() => names.some((name) => filters[name] !== ''))

  watch([filters, sort], () => {
    if (!inAddress) return
    const query = { ...route.query }
    for (const name of names) {
      if (filters[name]) query[name] = filters[name]
      else delete query[name]
    }
    if (sort.value && !same(sort.value, startSort)) query['sort'] = (sort.value.down ? '-' : '') + sort.value.key
    else delete query['sort']
    void router.replace({ query })
  })
  watch(hidden, (now) => keep(`columns.${id}`, now))

  function clear(): void {
    for (const name of names) filters[name] = ''
  }
  function saveView(name: string): void {
    const view: View = { name, filters: { ...filters }, sort: sort.value, hidden: hidden.value }
    views.value = [...views.value.filter((one) => one.name !== name), view]
    keep(`views.${id}`, views.value)
  }
  function openView(view: View): void {
    for (const name of names) filters[name] = view.filters[name] ?? ''
    sort.value = view.sort
    hidden.value = view.hidden
  }
  function dropView(name: string): void {
    views.value = views.value.filter((one) => one.name !== name)
    keep(`views.${id}`, views.value)
  }
  /** First ascending, then descending, then as the page began. */
  function sortBy(key: string): void {
    if (sort.value?.key !== key) sort.value = { key, down: false }
    else if (!sort.value.down) sort.value = { key, down: true }
    else sort.value = startSort
  }
  return { filters, sort, hidden, views, filtered, clear, saveView, openView, dropView, sortBy }
}

function same(a: Sort, b: Sort | null): boolean {
  return b !== null && a.key === b.key && a.down === b.down
}

function parseSort(text: string): Sort | null {
  if (!text) return null
  return text.startsWith('-') ? { key: text.slice(1), down: true } : { key: text, down: false }
}
