/** Who is signed in, and what they may do. */
import { computed, readonly, shallowRef } from 'vue'
import { forget, keep, kept } from '@/lib/kept'
import { api, setCsrf } from '@/api/client'
import { Problem } from '@/api/problem'
import type { Me } from '@/api/types'

/** Set while somebody may be signed in here, so that a stranger's browser need not ask in vain. */
const SIGNED_IN = 'signed-in'
const current = shallowRef<Me | null>(null)
let asked = false

/** A browser that keeps nothing cannot remember; then the node is asked every time. */
function mayBeSignedIn(): boolean {
  keep('probe', 1)
  return kept('probe') === null || kept(SIGNED_IN) !== null
}

/** Somebody is about to come back signed in from elsewhere. */
export function expectSignIn(): void {
  keep(SIGNED_IN, 1)
}

export const me = readonly(current)
export const signedIn = computed(() => current.value !== null)

/** Asks the node once; `null` for a stranger. */
export async function loadMe(again = false): Promise<Me | null> {
  if (asked && !again) return current.value
  if (!again && !mayBeSignedIn()) return null
  try {
    set(await api.get<Me>('/me'))
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error
    set(null)
  }
  asked = true
  return current.value
}

function set(next: Me | null): void {
  current.value = next
  setCsrf(next?.csrf_token ?? '')
  if (next) expectSignIn()
  else forget(SIGNED_IN)
}

export async function signIn(username: string, password: string): Promise<Me | null> {
  await api.post('/sessions', { username, password })
  return loadMe(true)
}

export async function signOut(): Promise<void> {
  try {
    await api.delete('/sessions/current')
  } finally {
    set(null)
  }
}

/** The session ended elsewhere: nothing more is known about the reader. */
export function forgetMe(): void {
  set(null)
}

/** Whether the reader may do this to a kind of record as a whole, as `Plan:Import`. A hint for what to
 *  show; the node decides again on every request, and on the record itself. */
/** Whether the reader holds a role, for whichever unit. */
export function holds(role: string): boolean {
  return current.value?.roles.some((grant) => grant.role === role) ?? false
}

export function can(permission: string): boolean {
  return current.value?.permissions.includes(permission) ?? false
}
