/** Whether a ledger entry is the entry of this fact: some fields in clear, the rest by salted commitment. */
import type { Receipt } from '@/api/types'
import { equal, fromBase64, sha256, utf8 } from './bytes'
import { canonical } from './jcs'

export interface LeafFit {
  fits: boolean
  /** Salt and words are gone: the entry stands, its content can no longer be shown. */
  erased: boolean
}

interface Entry {
  v: number
  /** Commitment to who did it. */
  actor: string
  /** Commitment to what happened. */
  fact: string
  id?: string
  kind?: string
  at?: string
  subject?: string
  open?: Record<string, unknown>
}
interface Fact {
  id: string
  kind: string
  at: string
  subject: string
  body: Record<string, unknown>
}

const DOMAIN = utf8('tianyuan/commitment/v1\n')
const no = { fits: false, erased: false }

/** SHA-256 over the domain, a 32-byte salt and the text, as base64 in the entry. */
async function opens(commitment: string, salt: string | null, text: string | null): Promise<boolean> {
  if (salt === null || text === null) return false
  try {
    const bytes = fromBase64(salt)
    return bytes.length === 32 && equal(await sha256(DOMAIN, bytes, utf8(text)), fromBase64(commitment))
  } catch {
    return false
  }
}

/** What the entry says in clear must be what the fact says. */
function agrees(entry: Entry, fact: Fact): boolean {
  const named = (['id', 'kind', 'at', 'subject'] as const).every((key) => entry[key] === undefined || entry[key] === fact[key])
  const open = Object.entries(entry.open ?? {})
  return named && open.every(([key, value]) => key in fact.body && canonical(value) === canonical(fact.body[key]))
}

/** Checks the entry's bytes against the receipt of the fact `id`. */
export async function leafFits(leaf: Uint8Array, receipt: Receipt, id: string): Promise<LeafFit> {
  let entry: Entry
  let fact: Fact | null
  try {
    entry = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(leaf)) as Entry
    fact = receipt.fact === null ? null : (JSON.parse(receipt.fact) as Fact)
  } catch {
    return no
  }
  if (entry.v !== 1 || (entry.id !== undefined && entry.id !== id)) return no
  if (receipt.actor !== null && !(await opens(entry.actor, receipt.actor_salt, receipt.actor))) return no
  if (fact === null) return { fits: receipt.erased, erased: true }
  const fits = fact.id === id && (await opens(entry.fact, receipt.body_salt, receipt.fact)) && agrees(entry, fact)
  return { fits, erased: receipt.actor === null }
}
