/** c2sp.org/tlog-proof, signed notes and RFC 6962 inclusion, checked in the browser. */
import { type Bytes, equal, fromBase64, join, sha256, toHex, utf8 } from './bytes'

export interface Proof {
  index: number
  hashes: Bytes[]
  note: Note
}
export interface Note {
  /** What is signed, with its last newline. */
  text: string
  origin: string
  size: number
  root: Bytes
  signatures: { name: string; id: string; bytes: Bytes }[]
}
export interface VerifierKey {
  name: string
  id: string
  algorithm: number
  key: Bytes
  text: string
}

const ED25519 = 1

export function parseProof(text: string): Proof {
  const gap = text.indexOf('\n\n')
  if (gap < 0) throw new Error('no checkpoint')
  const head = text.slice(0, gap).split('\n')
  if (head.shift() !== 'c2sp.org/tlog-proof@v1') throw new Error('not a tlog-proof')
  if (head[0]?.startsWith('extra ')) head.shift()
  const index = /^index (0|[1-9][0-9]*)$/.exec(head.shift() ?? '')?.[1]
  if (index === undefined) throw new Error('no index')
  return { index: Number(index), hashes: head.map(fromBase64), note: parseNote(text.slice(gap + 2)) }
}

export function parseNote(text: string): Note {
  const gap = text.lastIndexOf('\n\n')
  if (gap < 0) throw new Error('no signatures')
  const body = text.slice(0, gap + 1)
  const [origin, size, root] = body.split('\n')
  if (!origin || !/^(0|[1-9][0-9]*)$/.test(size ?? '') || !root) throw new Error('not a checkpoint')
  const lines = text.slice(gap + 2).split('\n').filter(Boolean)
  const signatures = lines.map((line) => {
    const found = /^— (\S+) (\S+)$/.exec(line)
    if (!found?.[1] || !found[2]) throw new Error('not a signature line')
    const bytes = fromBase64(found[2])
    return { name: found[1], id: toHex(bytes.slice(0, 4)), bytes: bytes.slice(4) }
  })
  return { text: body, origin, size: Number(size), root: fromBase64(root), signatures }
}

/** A verifier key as `name+id+base64(algorithm, key)`; the id must fit the key. */
export async function parseKey(text: string): Promise<VerifierKey> {
  const first = text.indexOf('+')
  const second = text.indexOf('+', first + 1)
  if (first < 1 || second < 0) throw new Error('not a verifier key')
  const name = text.slice(0, first)
  const id = text.slice(first + 1, second)
  const bytes = fromBase64(text.slice(second + 1))
  const expected = toHex((await sha256(utf8(`${name}\n`), bytes)).slice(0, 4))
  if (expected !== id) throw new Error('key id does not fit the key')
  return { name, id, algorithm: bytes[0] ?? 0, key: bytes.slice(1), text }
}

/** The root that an entry at `index` leads to in a tree of `size`, or null when the path does not fit. */
export async function rootFrom(leaf: Uint8Array, index: number, size: number, path: Bytes[]): Promise<Bytes | null> {
  if (!Number.isSafeInteger(index) || index >= size) return null
  let hash = await sha256(Uint8Array.of(0), leaf)
  let at = index
  let last = size - 1
  for (const sibling of path) {
    if (last === 0 || sibling.length !== 32) return null
    if (at % 2 === 1 || at === last) {
      hash = await sha256(Uint8Array.of(1), sibling, hash)
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2)
        last = Math.floor(last / 2)
      }
    } else {
      hash = await sha256(Uint8Array.of(1), hash, sibling)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? hash : null
}

async function ed25519(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  let imported: CryptoKey
  try {
    imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify'])
  } catch {
    // Browsers before Ed25519 in WebCrypto.
    const { verifyAsync } = await import('@noble/ed25519')
    return verifyAsync(signature, message, key).catch(() => false)
  }
  return crypto.subtle.verify('Ed25519', imported, signature, message)
}

/** Whether one of the keys signed the note under its own name. */
export async function signedBy(note: Note, keys: VerifierKey[]): Promise<VerifierKey | null> {
  for (const key of keys) {
    if (key.algorithm !== ED25519 || key.name !== note.origin) continue
    for (const signature of note.signatures) {
      if (signature.name !== key.name || signature.id !== key.id) continue
      if (await ed25519(key.key, signature.bytes, utf8(note.text))) return key
    }
  }
  return null
}

export { equal, join }
