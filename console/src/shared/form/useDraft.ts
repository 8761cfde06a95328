/** What somebody typed, kept on this device until it is sent or thrown away. */
import { onBeforeUnmount, ref, watch } from 'vue'
import { newIdempotencyKey } from '@/api/client'
import { forget, keep, kept } from '@/lib/kept'

/** A deep copy of plain form values, so that what is typed never reaches the record itself. */
export function copy<T>(values: T): T {
  return JSON.parse(JSON.stringify(values)) as T
}

interface Draft<M> {
  at: string
  values: M
  key: string
}

export function useDraft<M extends object>(id: string, model: M, initial: () => M) {
  const name = `draft.${id}`
  const found = kept<Draft<M>>(name)
  const restoredAt = ref<string | null>(null)
  /** The same words sent twice act once; other words get another key. */
  let key = found?.key ?? newIdempotencyKey()
  const text = (values: M) => JSON.stringify(values)

  if (found && text(found.values) !== text(initial())) {
    Object.assign(model, found.values)
    restoredAt.value = found.at
  }

  let wait: ReturnType<typeof setTimeout> | undefined
  let settled = false
  const save = () => {
    clearTimeout(wait)
    wait = undefined
    if (text(model) === text(initial())) forget(name)
    else keep(name, { at: new Date().toISOString(), values: copy(model), key } satisfies Draft<M>)
  }
  watch(
    () => text(model),
    () => {
      if (settled) return
      key = newIdempotencyKey()
      clearTimeout(wait)
      wait = setTimeout(save, 300)
    },
  )
  onBeforeUnmount(() => {
    if (wait && !settled) save()
  })

  function discard(): void {
    Object.assign(model, copy(initial()))
    restoredAt.value = null
    clearTimeout(wait)
    wait = undefined
    forget(name)
  }
  /** Sent: nothing to keep any more. */
  function settle(): void {
    settled = true
    clearTimeout(wait)
    forget(name)
    restoredAt.value = null
    key = newIdempotencyKey()
    queueMicrotask(() => (settled = false))
  }
  return { restoredAt, discard, settle, save, idempotencyKey: () => key }
}
