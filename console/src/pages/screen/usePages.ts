/** Turns the pages of a panel, one after another. */
import { computed, onBeforeUnmount, type Ref, ref, watch } from 'vue'

export function usePages(count: () => number, pace_s: () => number): { page: Ref<number> } {
  const turn = ref(0)
  let timer: ReturnType<typeof setInterval> | undefined
  watch(
    pace_s,
    (seconds) => {
      clearInterval(timer)
      timer = setInterval(() => (turn.value += 1), seconds * 1000)
    },
    { immediate: true },
  )
  onBeforeUnmount(() => clearInterval(timer))
  return { page: computed(() => (count() > 0 ? turn.value % count() : 0)) }
}
