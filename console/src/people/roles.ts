/** Roles and their words, asked for once. */
import { shallowRef } from 'vue'
import { api } from '@/api/client'
import type { RoleGrant, RoleInfo, Unit } from '@/api/types'
import { nameOf, pick, t } from '@/i18n'

const roles = shallowRef<RoleInfo[]>([])
const units = shallowRef<Unit[]>([])
let asked = false

export function useRoles() {
  if (!asked) {
    asked = true
    void api.all<RoleInfo>('/roles').then((found) => (roles.value = found), () => (asked = false))
    void api.all<Unit>('/units').then((found) => (units.value = found), () => (asked = false))
  }
  return { roles, units }
}

export function roleTitle(role: string): string {
  return pick(roles.value.find((one) => one.role === role)?.title) || role
}

export function grantText(grant: RoleGrant): string {
  const unit = grant.unit ? units.value.find((one) => one.id === grant.unit?.id) : null
  const name = unit ? nameOf(unit) : grant.unit?.name
  return name ? `${roleTitle(grant.role)} · ${name}` : roleTitle(grant.role)
}

/** Roles an account can be given; strangers have no account. */
export function givable(): RoleInfo[] {
  return roles.value.filter((one) => one.role !== 'anonymous')
}

export interface GrantInput {
  role: string
  unit_id: string
}

export function toWire(grants: GrantInput[]): { role: string; unit_id?: string }[] {
  return grants
    .filter((one) => one.role)
    .map((one) => ({ role: one.role, ...(scoped(one.role) && one.unit_id && { unit_id: one.unit_id }) }))
}

export function scoped(role: string): boolean {
  return roles.value.find((one) => one.role === role)?.scoped_to_unit ?? false
}

/** What is missing in a list of grants, or nothing. */
export function grantsProblem(grants: GrantInput[]): string {
  return grants.some((one) => scoped(one.role) && !one.unit_id) ? t('person.needUnit') : ''
}
