/** Goals as people name them. */
import type { GoalProgress } from '@/api/types'
import { t } from '@/i18n'

export const sources = ['indicator', 'metric', 'entries'] as const

export function ofWhat(one: GoalProgress): string {
  if (one.goal.measure_number !== null) return t('goals.measure', { n: one.goal.measure_number })
  if (one.goal.programme_number !== null) return t('goals.programme', { n: one.goal.programme_number })
  return t('goals.plan')
}
