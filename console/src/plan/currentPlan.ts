/** Which edition of the plan the reader looks at: from the address, else the last chosen, else the one in force. */
import { computed, ref, shallowRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { api } from '@/api/client'
import type { Plan } from '@/api/types'
import { keep, kept } from '@/lib/kept'

const plans = shallowRef<Plan[] | null>(null)
const error = shallowRef<unknown>(null)
const chosen = ref(kept<string>('plan'))

export async function loadPlans(again = false): Promise<void> {
  if (plans.value && !again) return
  try {
    plans.value = await api.all<Plan>('/plans')
    error.value = null
  } catch (problem) {
    error.value = problem
  }
}

export function usePlan() {
  const route = useRoute()
  const router = useRouter()
  const plan = computed(() => {
    const all = plans.value ?? []
    const asked = typeof route.query['plan'] === 'string' ? route.query['plan'] : null
    return (
      all.find((one) => one.id === asked) ??
      all.find((one) => one.id === chosen.value) ??
      all.find((one) => one.state === 'in_force') ??
      all[0] ??
      null
    )
  })
  function choose(id: string): void {
    chosen.value = id
    keep('plan', id)
    void router.replace({ query: { ...route.query, plan: id } })
  }
  void loadPlans()
  return { plans, plan, error, choose, reload: () => loadPlans(true) }
}
