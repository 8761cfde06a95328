/** The ledgers' keys this browser remembers. A key is trusted from the first visit on, never swapped. */
import { Offline } from '@/api/problem'
import { keep, kept } from '@/lib/kept'
import { sha256, toHex } from './bytes'
import { parseKey, type VerifierKey } from './tlog'

type Pins = Record<string, string[]>

/** The keys the node shows today, one a line. */
export async function fetchKeys(): Promise<VerifierKey[]> {
  const response = await fetch('/ledger/keys', { credentials: 'same-origin' }).catch(() => {
    throw new Offline()
  })
  const text = await response.text()
  const found = text.match(/[^\s"+,[\]]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*/g) ?? []
  const keys = await Promise.all(found.map((one) => parseKey(one).catch(() => null)))
  return keys.filter((key) => key !== null)
}

export interface Pinned {
  keys: VerifierKey[]
  /** Seen for the first time just now. */
  first: boolean
  /** The node shows none of the keys that are pinned for this ledger. */
  changed: boolean
}

/** The keys pinned for a ledger; pins what the node shows when there is none yet. */
export async function pinnedFor(origin: string): Promise<Pinned> {
  const pins = kept<Pins>('pins') ?? {}
  const shown = (await fetchKeys()).filter((key) => key.name === origin)
  const mine = pins[origin]
  if (!mine?.length) {
    keep('pins', { ...pins, [origin]: shown.map((key) => key.text) })
    return { keys: shown, first: true, changed: false }
  }
  const keys = await Promise.all(mine.map(parseKey))
  const changed = shown.length > 0 && !shown.some((key) => mine.includes(key.text))
  return { keys, first: false, changed }
}

export function pins(): Pins {
  return kept<Pins>('pins') ?? {}
}

/** Trusts other keys for a ledger: only ever by the reader's own act. */
export function repin(origin: string, keys: string[]): void {
  keep('pins', { ...pins(), [origin]: keys })
}

/** A key's fingerprint to compare by another way: eight groups of four. */
export async function fingerprint(key: VerifierKey): Promise<string> {
  const hex = toHex((await sha256(key.key)).slice(0, 16))
  return hex.match(/.{4}/g)?.join(' ') ?? hex
}
