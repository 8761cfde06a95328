/** Names of records by id, so that pages show words where the journal has identifiers. */
import { shallowRef } from 'vue'
import { api } from '@/api/client'
import type { Indicator, Measure, Person, Plan, Unit } from '@/api/types'
import { nameOf, t } from '@/i18n'
import { can, holds } from '@/session/session'

type Name = () => string

/** Loads what the reader may see; an id that stays unknown reads as its kind. */
export function useNames(): { nameOfId: (id: string) => string } {
  const names = shallowRef(new Map<string, Name>())
  const add = (found: [string, Name][]) => (names.value = new Map([...names.value, ...found]))
  const none = () => []

  async function load(): Promise<void> {
    const plans = await api.all<Plan>('/plans').catch(none)
    add(plans.map((one) => [one.id, () => nameOf(one)]))
    const numbered = (one: Measure | Indicator): [string, Name] => [one.id, () => `${one.number} ${nameOf(one)}`]
    await Promise.all([
      ...plans.map(async (plan) => add((await api.all<Measure>(`/plans/${plan.id}/measures`).catch(none)).map(numbered))),
      ...plans.map(async (plan) => add((await api.all<Indicator>(`/plans/${plan.id}/indicators`).catch(none)).map(numbered))),
      api.all<Unit>('/units').then((units) => add(units.map((one) => [one.id, () => nameOf(one)])), none),
      can('Person:View') || holds('unit_lead')
        ? api.all<Person>('/people').then((people) => add(people.map((one) => [one.id, () => one.name || t('state.erased')])), none)
        : null,
    ])
  }
  void load()

  const kinds = {
    session: 'kind.Session',
    token: 'kind.Token',
    file: 'kind.File',
    job: 'kind.Job',
    measure: 'kind.Measure',
    indicator: 'kind.Indicator',
    unit: 'kind.Unit',
    person: 'kind.Person',
    plan: 'kind.Plan',
    round: 'kind.Round',
    channel: 'voice.channel',
    opinion: 'nav.opinion',
    topic: 'nav.topic',
    decision: 'voice.decision',
    contact: 'kind.Contact',
    anonymous: 'audit.stranger',
  } as const
  function nameOfId(id: string): string {
    const known = names.value.get(id)
    if (known) return known()
    const prefix = id.split('_')[0] as keyof typeof kinds
    return kinds[prefix] ? t(kinds[prefix]) : id
  }
  return { nameOfId }
}
