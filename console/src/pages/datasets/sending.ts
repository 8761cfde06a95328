/** Files on their way: sent piece by piece, picked up where the node has them after a lost
 *  connection or a closed page, and going on while another page is open. */
import { computed, shallowReactive } from 'vue'
import { api } from '@/api/client'
import { Offline, Problem } from '@/api/problem'
import type { Upload } from '@/api/types'

const PIECE_MIN = 256 * 1024
const PIECE_MAX = 8 * 1024 * 1024
const WAIT_MAX_MS = 20_000

export interface Sending {
  upload: Upload
  /** `waiting` for the network; `stopped` by the reader or by an error. */
  state: 'sending' | 'waiting' | 'stopped' | 'sent'
  error: unknown
}
interface Kept {
  file: File
  abort: AbortController
}

const sendings = shallowReactive(new Map<string, Sending>())
const files = new Map<string, Kept>()

export const sendingOf = (id: string) => computed(() => sendings.get(id) ?? null)
export const anySending = computed(() => [...sendings.values()].some((one) => one.state === 'sending' || one.state === 'waiting'))

addEventListener('beforeunload', (event) => {
  if (anySending.value) event.preventDefault()
})

/** Announces a file and begins to send it. */
export async function begin(dataset: string, file: File): Promise<Upload> {
  const upload = await api.post<Upload>(`/datasets/${dataset}/uploads`, { name: file.name, size_bytes: file.size })
  void send(upload, file)
  return upload
}

/** Goes on with a file of which the node has a part; the same file, by name and size. */
export function resume(upload: Upload, file: File): boolean {
  if (file.name !== upload.name || file.size !== upload.size_bytes) return false
  void send(upload, file)
  return true
}

/** Goes on with a file this page still holds. */
export function goOn(id: string): void {
  const [kept, sending] = [files.get(id), sendings.get(id)]
  if (kept && sending) void send(sending.upload, kept.file)
}
export const holdsFile = (id: string) => files.has(id)

export function stop(id: string): void {
  files.get(id)?.abort.abort()
}

export function forgetSending(id: string): void {
  stop(id)
  files.delete(id)
  sendings.delete(id)
}

function put(id: string, change: Partial<Sending>): void {
  const now = sendings.get(id)
  if (now) sendings.set(id, { ...now, ...change })
}

async function send(first: Upload, file: File): Promise<void> {
  const id = first.id
  stop(id)
  const abort = new AbortController()
  files.set(id, { file, abort })
  sendings.set(id, { upload: first, state: 'sending', error: null })
  let upload = first
  let piece = PIECE_MIN
  let wait = 1_000
  while (upload.state === 'receiving' && !abort.signal.aborted) {
    const began = performance.now()
    try {
      const offset = upload.received_bytes
      upload = await api.piece<Upload>(`/uploads/${id}/content`, file.slice(offset, offset + piece), { offset }, abort.signal)
      // As large as a second carries, so that progress is seen on any line.
      const took = performance.now() - began
      piece = Math.min(PIECE_MAX, Math.max(PIECE_MIN, took < 500 ? piece * 2 : took > 2_000 ? piece / 2 : piece))
      wait = 1_000
      put(id, { upload, state: 'sending', error: null })
    } catch (error) {
      if (abort.signal.aborted) break
      const elsewhere = error instanceof Problem && (error.code === 'piece_elsewhere' || error.code === 'upload_moved_on')
      const passing = error instanceof Offline || (error instanceof Problem && (error.status >= 500 || error.status === 429))
      if (!elsewhere && !passing) {
        put(id, { state: 'stopped', error })
        return
      }
      if (passing) {
        put(id, { state: 'waiting', error })
        await pause(error instanceof Problem && error.retryAfter ? error.retryAfter * 1_000 : wait, abort.signal)
        wait = Math.min(wait * 2, WAIT_MAX_MS)
        piece = PIECE_MIN
      }
      upload = await api.get<Upload>(`/uploads/${id}`).catch(() => upload)
    }
  }
  if (abort.signal.aborted) {
    if (files.get(id)?.abort === abort) put(id, { upload, state: 'stopped' })
    return
  }
  put(id, { upload, state: 'sent', error: null })
  files.delete(id)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(finish, ms)
    function finish(): void {
      clearTimeout(timer)
      removeEventListener('online', finish)
      done()
    }
    addEventListener('online', finish, { once: true })
    signal.addEventListener('abort', finish, { once: true })
  })
}
