import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { equal, fromBase64, sha256, toHex, utf8 } from '@/lib/receipt/bytes'
import { canonical } from '@/lib/receipt/jcs'
import { leafFits } from '@/lib/receipt/leaf'
import { verifyReceipt } from '@/lib/receipt/verify'
import type { Receipt } from '@/api/types'
import { parseKey, parseProof, rootFrom, signedBy } from '@/lib/receipt/tlog'

const hash = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
const leafHash = (data: Uint8Array) => hash(Uint8Array.of(0), data)
const nodeHash = (a: Uint8Array, b: Uint8Array) => hash(Uint8Array.of(1), a, b)
const leaves = Array.from({ length: 13 }, (_, n) => utf8(`entry ${n}`))

/** RFC 6962 as its text has it: slow and plainly right. */
function root(list: Uint8Array[]): Uint8Array {
  if (list.length === 1) return leafHash(list[0] as Uint8Array)
  const split = 2 ** Math.floor(Math.log2(list.length - 1))
  return nodeHash(root(list.slice(0, split)), root(list.slice(split)))
}
function path(index: number, list: Uint8Array[]): Uint8Array[] {
  if (list.length === 1) return []
  const split = 2 ** Math.floor(Math.log2(list.length - 1))
  return index < split
    ? [...path(index, list.slice(0, split)), root(list.slice(split))]
    : [...path(index - split, list.slice(split)), root(list.slice(0, split))]
}
const plain = (bytes: Uint8Array) => new Uint8Array(bytes)

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
const origin = 'tianyuan.example/ledger/material'
const typed = Buffer.concat([Buffer.of(1), raw])
const keyId = hash(utf8(`${origin}\n`), typed).subarray(0, 4)
const vkey = `${origin}+${keyId.toString('hex')}+${typed.toString('base64')}`

function proofOf(index: number): string {
  const text = `${origin}\n${leaves.length}\n${Buffer.from(root(leaves)).toString('base64')}\n`
  const signature = Buffer.concat([keyId, sign(null, utf8(text), privateKey)]).toString('base64')
  const hashes = path(index, leaves).map((one) => Buffer.from(one).toString('base64'))
  return ['c2sp.org/tlog-proof@v1', `index ${index}`, ...hashes, '', `${text}\n— ${origin} ${signature}\n`].join('\n')
}

describe('inclusion', () => {
  it('leads every entry of every tree size to its root', async () => {
    for (let size = 1; size <= leaves.length; size += 1) {
      const tree = leaves.slice(0, size)
      for (let index = 0; index < size; index += 1) {
        const found = await rootFrom(tree[index] as Uint8Array, index, size, path(index, tree).map(plain))
        expect(found && toHex(found)).toBe(toHex(root(tree)))
      }
    }
  })
  it('refuses another entry, place, size or a path too short or too long', async () => {
    const right = path(5, leaves).map(plain)
    const differs = async (leaf: Uint8Array, index: number, size: number, hashes: Uint8Array<ArrayBuffer>[]) => {
      const found = await rootFrom(leaf, index, size, hashes)
      return found === null || !equal(found, root(leaves))
    }
    expect(await differs(utf8('other'), 5, 13, right)).toBe(true)
    expect(await differs(leaves[5] as Uint8Array, 6, 13, right)).toBe(true)
    expect(await differs(leaves[5] as Uint8Array, 5, 13, right.slice(1))).toBe(true)
    expect(await differs(leaves[5] as Uint8Array, 5, 13, [...right, right[0] as Uint8Array<ArrayBuffer>])).toBe(true)
    expect(await rootFrom(leaves[5] as Uint8Array, 13, 13, right)).toBeNull()
  })
})

describe('checkpoints', () => {
  it('verify under the pinned key only', async () => {
    const proof = parseProof(proofOf(7))
    expect(proof.index).toBe(7)
    const key = await parseKey(vkey)
    expect((await signedBy(proof.note, [key]))?.text).toBe(vkey)
    expect(await signedBy(proof.note, [])).toBeNull()
    expect(await signedBy({ ...proof.note, text: proof.note.text.replace('13', '14') }, [key])).toBeNull()
  })
  it('refuse a key whose id does not fit', async () => {
    await expect(parseKey(vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).rejects.toThrow()
  })
  it('refuse what is not a proof', () => {
    expect(() => parseProof('')).toThrow()
    expect(() => parseProof(proofOf(1).replace('index 1', 'index 01'))).toThrow()
    expect(() => parseProof(proofOf(1).replace('@v1', '@v2'))).toThrow()
  })
})

describe('forms', () => {
  it('are canonical', () => {
    expect(canonical({ b: [1, null, 'é\n'], a: { d: true, c: 1e21 } })).toBe('{"a":{"c":1e+21,"d":true},"b":[1,null,"é\\n"]}')
  })
  it('read base64 strictly', async () => {
    expect(toHex(fromBase64('AAEC'))).toBe('000102')
    expect(() => fromBase64('AA-_')).toThrow()
    expect(toHex(await sha256(utf8('')))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })
})

describe('a whole receipt', () => {
  const salt = (fill: number) => Buffer.alloc(32, fill)
  const commitment = (bytes: Buffer, text: string) => hash(utf8('tianyuan/commitment/v1\n'), bytes, utf8(text)).toString('base64')
  const fact = { at: '2024-06-30T01:02:03Z', body: { at: '2024-06-30', value: 1234.5 }, id: 'fact_1', kind: 'indicator.value_recorded', subject: 'indicator_1' }
  const factText = canonical(fact)
  const actorText = canonical({ actor: 'person_1' })
  const leaf = canonical({
    actor: commitment(salt(1), actorText),
    at: fact.at,
    fact: commitment(salt(2), factText),
    id: fact.id,
    kind: fact.kind,
    open: { value: 1234.5 },
    subject: fact.subject,
    v: 1,
  })
  const tree = leaves.map((one, index) => (index === 4 ? utf8(leaf) : one))
  const text = `${origin}\n${tree.length}\n${Buffer.from(root(tree)).toString('base64')}\n`
  const signature = Buffer.concat([keyId, sign(null, utf8(text), privateKey)]).toString('base64')
  const hashes = path(4, tree).map((one) => Buffer.from(one).toString('base64'))
  const receipt: Receipt = {
    fact_id: fact.id,
    log: 'material',
    origin,
    index: 4,
    leaf: Buffer.from(leaf).toString('base64'),
    fact: factText,
    body_salt: salt(2).toString('base64'),
    actor: actorText,
    actor_salt: salt(1).toString('base64'),
    proof: ['c2sp.org/tlog-proof@v1', 'index 4', ...hashes, '', `${text}\n— ${origin} ${signature}\n`].join('\n'),
    erased: false,
  }
  const keysAre = (keys: string) => vi.stubGlobal('fetch', async () => new Response(keys))
  afterEach(() => {
    vi.unstubAllGlobals()
    localStorage.clear()
  })

  it('verifies, and pins the key at first sight', async () => {
    keysAre(`${vkey}\n`)
    expect(await verifyReceipt(receipt, fact.id)).toMatchObject({ good: true, firstKey: true, why: null, index: 4, size: 13 })
    expect(await verifyReceipt(receipt, fact.id)).toMatchObject({ good: true, firstKey: false })
  })
  it('names what does not fit', async () => {
    keysAre(vkey)
    const why = async (change: Partial<Receipt>, id = fact.id) => (await verifyReceipt({ ...receipt, ...change }, id)).why
    expect(await why({ fact: factText.replace('1234.5', '1234.6') })).toBe('leaf')
    expect(await why({ actor: canonical({ actor: 'person_2' }) })).toBe('leaf')
    expect(await why({}, 'fact_2')).toBe('leaf')
    expect(await why({ leaf: Buffer.from(leaf.replace('1234.5', '1234.6')).toString('base64') })).toBe('leaf')
    expect(await why({ proof: receipt.proof.replace('index 4', 'index 5') })).toBe('tree')
    expect(await why({ proof: receipt.proof.replace(/([A-Za-z0-9+/]{4})=*\n$/, 'AAAA\n') })).not.toBeNull()
    expect(await why({ proof: 'nothing' })).toBe('format')
  })
  it('refuses a node that shows another key than the pinned one', async () => {
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? ''
    const bytes = Buffer.concat([Buffer.of(1), Buffer.from(other, 'base64url')])
    const id = hash(utf8(`${origin}\n`), bytes).subarray(0, 4).toString('hex')
    localStorage.setItem('tianyuan.pins', JSON.stringify({ [origin]: [`${origin}+${id}+${bytes.toString('base64')}`] }))
    keysAre(vkey)
    expect(await verifyReceipt(receipt, fact.id)).toMatchObject({ good: false, why: 'key' })
  })
  it('says erased when salt and words are gone', async () => {
    keysAre(vkey)
    const gone = { ...receipt, fact: null, body_salt: null, actor: null, actor_salt: null, erased: true }
    expect(await verifyReceipt(gone, fact.id)).toMatchObject({ good: true, erased: true })
    expect((await leafFits(utf8(leaf), { ...gone, erased: false }, fact.id)).fits).toBe(false)
  })
})
