/** A receipt, checked step by step with nothing but the browser and the pinned keys. */
import type { Receipt } from '@/api/types'
import { equal, fromBase64 } from './bytes'
import { leafFits } from './leaf'
import { fingerprint, pinnedFor } from './pins'
import { parseProof, type Proof, rootFrom, signedBy } from './tlog'

export type Why = 'leaf' | 'tree' | 'sign' | 'key' | 'format'
export interface Verdict {
  good: boolean
  why: Why | null
  leaf: boolean
  tree: boolean
  sign: boolean
  origin: string
  index: number
  size: number
  erased: boolean
  firstKey: boolean
  fingerprint: string | null
}

/** Checks the receipt of the fact `id`. */
export async function verifyReceipt(receipt: Receipt, id: string): Promise<Verdict> {
  const verdict: Verdict = {
    good: false,
    why: 'format',
    leaf: false,
    tree: false,
    sign: false,
    origin: '',
    index: receipt.index,
    size: 0,
    erased: false,
    firstKey: false,
    fingerprint: null,
  }
  let proof: Proof
  let leaf: Uint8Array
  try {
    proof = parseProof(receipt.proof)
    leaf = fromBase64(receipt.leaf)
  } catch {
    return verdict
  }
  verdict.origin = proof.note.origin
  verdict.size = proof.note.size
  verdict.index = proof.index

  const fit = await leafFits(leaf, receipt, id)
  verdict.leaf = fit.fits
  verdict.erased = fit.erased
  const root = await rootFrom(leaf, proof.index, proof.note.size, proof.hashes)
  verdict.tree = root !== null && equal(root, proof.note.root) && proof.note.origin === receipt.origin

  const pinned = await pinnedFor(proof.note.origin)
  const signer = await signedBy(proof.note, pinned.keys)
  verdict.sign = signer !== null
  verdict.firstKey = pinned.first
  const shown = signer ?? pinned.keys[0]
  verdict.fingerprint = shown ? await fingerprint(shown) : null
  verdict.why = !verdict.leaf
    ? 'leaf'
    : !verdict.tree
      ? 'tree'
      : !verdict.sign
        ? pinned.changed
          ? 'key'
          : 'sign'
        : null
  verdict.good = verdict.why === null
  return verdict
}
