/** The small sum a browser works out before it sends, so that a flood costs its sender something. */
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { api } from '@/api/client'
import type { Challenge } from '@/api/types'

/** Tries between two breaths of the page. */
const TRIES = 2_000

export function zeroBits(digest: Uint8Array): number {
  let bits = 0
  for (const byte of digest) {
    bits += Math.clz32(byte) - 24
    if (byte !== 0) break
  }
  return bits
}

export async function solve(challenge: string, bits: number): Promise<string> {
  for (let n = 0; ; n += 1) {
    if (zeroBits(sha256(utf8ToBytes(`${challenge}:${n}`))) >= bits) return String(n)
    if (n % TRIES === TRIES - 1) await new Promise((resume) => setTimeout(resume))
  }
}

/** A challenge of a round, answered. */
export async function answered(round: string): Promise<{ challenge: string; solution: string }> {
  const asked = await api.get<Challenge>(`/open/rounds/${round}/challenge`)
  return { challenge: asked.challenge, solution: await solve(asked.challenge, asked.bits) }
}
