/** Rows of a list from the node: all of a small one, or page after page of a long one. */
import { ref, shallowRef } from 'vue'
import type { List } from '@/api/types'
import type { ListQuery } from './types'

export type Load<T> = (query: ListQuery) => Promise<List<T>>

const PAGE = 100
const ROWS_MAX = 20_000

export function useRows<T>(load: () => Load<T>, everything: () => boolean) {
  const rows = shallowRef<T[]>([])
  const next = ref<string | null>(null)
  const loading = ref(true)
  const error = shallowRef<unknown>(null)
  let turn = 0

  async function start(filters: Record<string, string>): Promise<void> {
    const mine = ++turn
    loading.value = true
    error.value = null
    try {
      let page = await load()({ limit: everything() ? 200 : PAGE, cursor: null, ...filters })
      let items = page.items
      while (everything() && page.next_cursor && items.length < ROWS_MAX) {
        page = await load()({ limit: 200, cursor: page.next_cursor, ...filters })
        items = items.concat(page.items)
      }
      if (mine !== turn) return
      rows.value = items
      next.value = page.next_cursor
    } catch (problem) {
      if (mine === turn) error.value = problem
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  async function more(filters: Record<string, string>): Promise<void> {
    if (!next.value) return
    const mine = turn
    loading.value = true
    try {
      const page = await load()({ limit: PAGE, cursor: next.value, ...filters })
      if (mine !== turn) return
      rows.value = rows.value.concat(page.items)
      next.value = page.next_cursor
    } catch (problem) {
      error.value = problem
    } finally {
      loading.value = false
    }
  }
  return { rows, next, loading, error, start, more }
}
