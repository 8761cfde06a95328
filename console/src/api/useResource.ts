/** One thing from the node: loading, loaded or failed, reloadable, and never mixed up by a late answer. */
import { type Ref, ref, shallowRef, watch, type WatchSource } from 'vue'

export interface Resource<T> {
  data: Ref<T | null>
  error: Ref<unknown>
  loading: Ref<boolean>
  reload: () => Promise<void>
}

export function useResource<T>(load: () => Promise<T>, on: WatchSource[] = []): Resource<T> {
  const data = shallowRef<T | null>(null) as Ref<T | null>
  const error = shallowRef<unknown>(null)
  const loading = ref(true)
  let turn = 0

  async function reload(): Promise<void> {
    const mine = ++turn
    loading.value = true
    try {
      const next = await load()
      if (mine !== turn) return
      data.value = next
      error.value = null
    } catch (problem) {
      if (mine === turn) error.value = problem
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  if (on.length > 0) watch(on, () => void reload(), { immediate: true })
  else void reload()
  return { data, error, loading, reload }
}
