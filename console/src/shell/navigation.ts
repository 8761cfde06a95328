/** The left rail, by the plan's own words. A page without its room here is reached from other pages. */
import type { IconName } from '@/shared/icons'
import type { Key } from '@/i18n'
import { can, holds } from '@/session/session'

export interface RailItem {
  route: string
  label: Key
  icon: IconName
  /** Shown only to those with one of these permissions (`Plan:Import`) or roles (`unit_lead`). */
  needs?: string[]
}
export interface Room {
  key: string
  label: Key
  items: RailItem[]
}

export function railShows(item: RailItem): boolean {
  return !item.needs || item.needs.some((need) => (need.includes(':') ? can(need) : holds(need)))
}

export const rooms: Room[] = [
  {
    key: 'trunk',
    label: 'room.trunk',
    items: [
      { route: 'overview', label: 'nav.overview', icon: 'trunk' },
      { route: 'plan', label: 'nav.plan', icon: 'tree' },
      { route: 'measures', label: 'nav.measures', icon: 'check' },
      { route: 'indicators', label: 'nav.indicators', icon: 'chart' },
      { route: 'risks', label: 'nav.risks', icon: 'gauge' },
      { route: 'goals', label: 'nav.goals', icon: 'star' },
      { route: 'effects', label: 'nav.effects', icon: 'compare' },
      { route: 'follow-up', label: 'nav.followUp', icon: 'inbox' },
      { route: 'my-reports', label: 'nav.myReports', icon: 'pen', needs: ['unit_reporter', 'unit_lead'] },
      { route: 'reviews', label: 'nav.reviews', icon: 'stamp', needs: ['Plan:Import', 'unit_lead'] },
      { route: 'schedule', label: 'nav.schedule', icon: 'calendar' },
      { route: 'warnings', label: 'nav.warnings', icon: 'bell' },
      { route: 'composite', label: 'nav.composite', icon: 'rank' },
      { route: 'compare', label: 'nav.compare', icon: 'compare' },
      { route: 'participation', label: 'nav.participation', icon: 'voices' },
      { route: 'papers', label: 'nav.papers', icon: 'print', needs: ['Plan:Export'] },
      { route: 'import', label: 'nav.import', icon: 'import', needs: ['Plan:Import'] },
    ],
  },
  {
    key: 'chain',
    label: 'room.chain',
    items: [
      { route: 'datasets', label: 'nav.datasets', icon: 'data' },
      { route: 'sql', label: 'nav.sql', icon: 'code' },
      { route: 'open', label: 'nav.open', icon: 'search' },
      { route: 'ledgers', label: 'nav.ledgers', icon: 'ledger' },
    ],
  },
  {
    key: 'shield',
    label: 'room.shield',
    items: [
      { route: 'units', label: 'nav.units', icon: 'unit' },
      { route: 'people', label: 'nav.people', icon: 'people', needs: ['Person:View', 'unit_lead'] },
      { route: 'may', label: 'nav.may', icon: 'shield', needs: ['Policy:Explain'] },
      { route: 'audit', label: 'nav.audit', icon: 'audit' },
      { route: 'jobs', label: 'nav.jobs', icon: 'jobs' },
    ],
  },
]

/** Rooms of the plan that this version of the node does not have yet. */
export const laterRooms: Key[] = ['room.net', 'room.hub', 'room.brain']
