/** The wall's data: reloaded when something happens (signed in) and every minute in any case; kept when the node is away. */
import { computed, onBeforeUnmount, ref, shallowRef } from 'vue'
import { api } from '@/api/client'
import { useEvents } from '@/api/events'
import type { LedgerInfo, Overview, Plan } from '@/api/types'
import { me } from '@/session/session'
import { moved } from './news'

const EVERY_MS = 60_000
/** How long what moved stays lit. */
const LIT_MS = 10_000
/** Many facts may come at once; the wall looks again once they have. */
const SETTLE_MS = 1_500

export function useWall(asked: () => string | null) {
  const overview = shallowRef<Overview | null>(null)
  const facts = ref<number | null>(null)
  const lit = shallowRef(new Set<string>())
  const at = ref<string | null>(null)
  const lost = ref(false)
  const none = ref(false)
  let dark: ReturnType<typeof setTimeout> | undefined
  let soon: ReturnType<typeof setTimeout> | undefined

  async function planId(): Promise<string | null> {
    const id = asked()
    if (id) return id
    const plans = await api.all<Plan>('/plans')
    return (plans.find((one) => one.state === 'in_force') ?? plans[0])?.id ?? null
  }

  async function look(): Promise<void> {
    try {
      const id = await planId()
      none.value = id === null
      if (id === null) return
      const next = await api.get<Overview>(`/plans/${id}/overview`)
      const changed = moved(overview.value, next)
      overview.value = next
      at.value = new Date().toISOString()
      lost.value = false
      if (changed.size > 0) {
        lit.value = changed
        clearTimeout(dark)
        dark = setTimeout(() => (lit.value = new Set()), LIT_MS)
      }
      const ledgers = await api.all<LedgerInfo>('/ledgers').catch(() => null)
      if (ledgers) facts.value = ledgers.reduce((sum, one) => sum + one.size, 0)
    } catch {
      lost.value = true
    }
  }

  function lookSoon(): void {
    clearTimeout(soon)
    soon = setTimeout(() => void look(), SETTLE_MS)
  }

  const live = me.value ? useEvents(lookSoon).live : ref(false)
  const timer = setInterval(() => void look(), EVERY_MS)
  void look()
  onBeforeUnmount(() => {
    clearInterval(timer)
    clearTimeout(soon)
    clearTimeout(dark)
  })
  return { overview, facts, lit, at, lost, none, live: computed(() => live.value) }
}
