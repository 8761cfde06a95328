/** The wall's data: reloaded when something happens (signed in) and every minute in any case; kept when the node is away. */
import { computed, onBeforeUnmount, ref, shallowRef } from 'vue'
import { api } from '@/api/client'
import { useEvents } from '@/api/events'
import { Problem } from '@/api/problem'
import type { LedgerInfo, Overview, Plan, Shared } from '@/api/types'
import { me } from '@/session/session'
import { moved } from './news'

const EVERY_MS = 60_000
/** How long what moved stays lit. */
const LIT_MS = 10_000
/** Many facts may come at once; the wall looks again once they have. */
const SETTLE_MS = 1_500

/** The edition `asked` for (null: the one in force), or what the link with `token` shows. */
export function useWall(asked: () => string | null, token?: string) {
  const overview = shallowRef<Overview | null>(null)
  const facts = ref<number | null>(null)
  const lit = shallowRef(new Set<string>())
  const at = ref<string | null>(null)
  const lost = ref(false)
  const none = ref(false)
  const gone = shallowRef<unknown>(null)
  let dark: ReturnType<typeof setTimeout> | undefined
  let soon: ReturnType<typeof setTimeout> | undefined

  async function planId(): Promise<string | null> {
    const id = asked()
    if (id) return id
    const plans = await api.all<Plan>('/plans')
    return (plans.find((one) => one.state === 'in_force') ?? plans[0])?.id ?? null
  }

  async function overviewNow(): Promise<Overview | null> {
    if (token) return (await api.get<Shared>(`/shared/${encodeURIComponent(token)}`)).overview
    const id = await planId()
    return id === null ? null : api.get<Overview>(`/plans/${id}/overview`)
  }

  async function look(): Promise<void> {
    try {
      const next = await overviewNow()
      none.value = next === null
      if (next === null) return
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
    } catch (error) {
      // A link that ended shows nothing, not even what it showed before.
      if (token && error instanceof Problem && error.status === 410) {
        overview.value = null
        gone.value = error
      } else lost.value = true
    }
  }

  function lookSoon(): void {
    clearTimeout(soon)
    soon = setTimeout(() => void look(), SETTLE_MS)
  }

  const live = me.value && !token ? useEvents(lookSoon).live : ref(false)
  const timer = setInterval(() => void look(), EVERY_MS)
  void look()
  onBeforeUnmount(() => {
    clearInterval(timer)
    clearTimeout(soon)
    clearTimeout(dark)
  })
  return { overview, facts, lit, at, lost, none, gone, live: computed(() => live.value) }
}
