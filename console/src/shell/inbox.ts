/** How many warnings wait for whoever is signed in: asked now and then, and after each step. */
import { readonly, shallowRef } from 'vue'
import { api } from '@/api/client'
import type { WarningInbox } from '@/api/types'
import { signedIn } from '@/session/session'

/** Between two questions, unless something was done. */
export const ASK_MS = 60_000
const current = shallowRef<WarningInbox | null>(null)
export const inbox = readonly(current)

/** Asks the node; what cannot be asked now is asked again later. */
export async function askInbox(): Promise<void> {
  if (!signedIn.value) {
    current.value = null
    return
  }
  try {
    current.value = await api.get<WarningInbox>('/me/warnings')
  } catch {
    // A badge is no reason to disturb anybody.
  }
}
