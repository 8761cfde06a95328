/** The reporting periods of the edition shown, and which of them: by the address, else the one that is open. */
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { api } from '@/api/client'
import type { ReportingPeriod } from '@/api/types'
import { useResource } from '@/api/useResource'
import { pick, t } from '@/i18n'
import { formatDate } from '@/lib/format'
import { usePlan } from '@/plan/currentPlan'

const DAY_MS = 86_400_000
const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(new Date())

export function usePeriods() {
  const route = useRoute()
  const router = useRouter()
  const { plan } = usePlan()
  const periods = useResource(async () => (plan.value ? api.all<ReportingPeriod>(`/plans/${plan.value.id}/periods`) : []), [() => plan.value?.id])
  const begun = computed(() => (periods.data.value ?? []).filter((one) => one.state !== 'planned'))
  const period = computed(() => {
    const all = begun.value
    return all.find((one) => one.id === route.query['period']) ?? all.find((one) => one.state === 'open') ?? all[0] ?? null
  })
  const options = computed(() => begun.value.map((one) => ({ value: one.id, label: `${pick(one.title)} · ${t(`period.${one.state}`)}` })))
  const choose = (id: string) => void router.replace({ query: { ...route.query, period: id } })
  return { plan, periods, period, options, choose }
}

/** When a period is due, and how long that is from now. */
export function dueText(period: { due: string; state: string }): string {
  const day = t('period.due', { day: formatDate(period.due) })
  if (period.state !== 'open') return day
  const left = Math.round((Date.parse(period.due) - Date.parse(today())) / DAY_MS)
  const more = left > 0 ? t('period.left', { n: left }) : left === 0 ? t('period.today') : t('period.over', { n: -left })
  return `${day} · ${more}`
}

export function todayText(): string {
  return today()
}
