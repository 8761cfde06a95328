/** What the command palette can find: pages at once, records as the node answers. */
import { api } from '@/api/client'
import type { Dataset, Indicator, List, Measure, Person, Plan, Unit } from '@/api/types'
import { lang, nameOf, t } from '@/i18n'
import { can, holds } from '@/session/session'
import type { Findable } from './finder'
import { railShows, rooms } from './navigation'
import { router } from '@/router'

export function pages(): Findable[] {
  const railed = rooms.flatMap((room) => room.items.filter(railShows))
  const named = [...railed.map((item) => ({ name: item.route, label: item.label })), { name: 'me', label: 'nav.me' as const }, { name: 'about', label: 'nav.about' as const }]
  return named.map((page) => ({
    group: t('find.pages'),
    title: t(page.label),
    also: '',
    to: router.resolve({ name: page.name }).path,
  }))
}

/** Records of the plan in force, units and people; a list the reader may not see is left out. */
export async function records(): Promise<Findable[]> {
  const none = () => []
  const plans = await api.all<Plan>('/plans').catch(none)
  const plan = plans.find((one) => one.state === 'in_force') ?? plans[0]
  const [measures, indicators, units, people, datasets] = await Promise.all([
    plan ? api.all<Measure>(`/plans/${plan.id}/measures`).catch(none) : [],
    plan ? api.all<Indicator>(`/plans/${plan.id}/indicators`).catch(none) : [],
    api.all<Unit>('/units').catch(none),
    can('Person:View') || holds('unit_lead') ? api.all<Person>('/people').catch(none) : [],
    api.get<List<Dataset>>('/datasets', { limit: 200 }).then((found) => found.items, none),
  ])
  const other = (record: { title?: string; name?: string; title_en?: string | null; name_en?: string | null }) =>
    (lang.value === 'zh' ? (record.title_en ?? record.name_en) : (record.title ?? record.name)) ?? ''
  return [
    ...indicators.map((one) => ({ group: t('nav.indicators'), title: nameOf(one), also: other(one), to: `/indicators/${one.id}` })),
    ...measures.map((one) => ({ group: t('nav.measures'), title: `${one.number} ${nameOf(one)}`, also: other(one), to: `/measures/${one.id}` })),
    ...datasets.map((one) => ({ group: t('nav.datasets'), title: nameOf(one), also: `${one.code} ${other(one)}`, to: `/datasets/${one.id}` })),
    ...units.map((one) => ({ group: t('nav.units'), title: nameOf(one), also: other(one), to: `/units/${one.id}` })),
    ...people.map((one) => ({ group: t('nav.people'), title: one.name, also: one.username ?? '', to: `/people/${one.id}` })),
  ]
}
