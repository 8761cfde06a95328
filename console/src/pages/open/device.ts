/** The random token of this browser: it tells its own votes apart and names nobody. */
import { keep, kept } from '@/lib/kept'

export function device(): string {
  const known = kept<string>('device')
  if (typeof known === 'string' && /^[0-9a-f]{32,128}$/.test(known)) return known
  const bytes = crypto.getRandomValues(new Uint8Array(24))
  const made = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  keep('device', made)
  return made
}
