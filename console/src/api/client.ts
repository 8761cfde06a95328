/** The one door from the console to the node. */
import { lang } from '@/i18n'
import { Offline, Problem } from './problem'
import type { List, ProblemBody } from './types'

export type Params = Record<string, string | number | boolean | null | undefined>

export interface Send {
  body?: unknown
  /** Bytes to send as they are, with their media type. */
  bytes?: { data: Blob; type: string }
  params?: Params
  /** The version the change is based on (PATCH, DELETE). */
  version?: number
  /** Kept by the caller when a retry must not act twice. */
  idempotencyKey?: string
  signal?: AbortSignal
  headers?: Record<string, string>
  /** Asked as somebody nobody knows, to see what everybody gets. */
  asStranger?: boolean
}

const BASE = '/api/v1'
let csrf = ''
let onSignedOut: () => void = () => undefined

/** The session's token for changing requests; from `GET /me`. */
export function setCsrf(token: string): void {
  csrf = token
}

/** What to do when the node says the session has ended. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act
}

/** A key under which a POST acts once, however often it is sent. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function pathWith(path: string, params?: Params): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value))
  }
  const text = query.toString()
  return text ? `${path}?${text}` : path
}

function headersFor(method: string, send: Send): Headers {
  const headers = new Headers({ Accept: 'application/json', 'Accept-Language': lang.value, ...send.headers })
  if (send.bytes) headers.set('Content-Type', send.bytes.type)
  else if (send.body !== undefined) headers.set('Content-Type', 'application/json')
  if (method === 'GET') return headers
  headers.set('X-Tianyuan-Browser', '1')
  if (csrf) headers.set('X-CSRF-Token', csrf)
  if (method === 'POST') headers.set('Idempotency-Key', send.idempotencyKey ?? newIdempotencyKey())
  if (send.version !== undefined) headers.set('If-Match', `"${send.version}"`)
  return headers
}

async function fail(response: Response): Promise<never> {
  const wait = Number(response.headers.get('Retry-After'))
  const text = await response.text()
  let body: Partial<ProblemBody> = {}
  try {
    body = JSON.parse(text) as Partial<ProblemBody>
  } catch {
    // A proxy's page; the status alone has to say it.
  }
  throw new Problem(response.status, body, Number.isFinite(wait) && wait > 0 ? wait : null)
}

async function send(method: string, path: string, options: Send = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(pathWith(BASE + path, options.params), {
      method,
      headers: headersFor(method, options),
      body: options.bytes?.data ?? (options.body === undefined ? null : JSON.stringify(options.body)),
      credentials: options.asStranger ? 'omit' : 'same-origin',
      signal: options.signal ?? null,
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Offline()
  }
  if (response.ok) return response
  if (response.status === 401 && !options.asStranger && !path.startsWith('/sessions') && path !== '/me') onSignedOut()
  return fail(response)
}

async function json<T>(response: Response): Promise<T> {
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T)
}

export const api = {
  get: async <T>(path: string, params?: Params, signal?: AbortSignal, headers?: Record<string, string>) =>
    json<T>(await send('GET', path, { ...(params && { params }), ...(signal && { signal }), ...(headers && { headers }) })),
  /** What anybody would get. */
  getAsStranger: async <T>(path: string, params?: Params) => json<T>(await send('GET', path, { asStranger: true, ...(params && { params }) })),
  post: async <T>(path: string, body?: unknown, options: Send = {}) =>
    json<T>(await send('POST', path, { ...options, ...(body !== undefined && { body }) })),
  patch: async <T>(path: string, body: unknown, version: number) =>
    json<T>(await send('PATCH', path, { body, version })),
  /** The whole record in place of the one of that version. */
  replace: async <T>(path: string, body: unknown, version: number) =>
    json<T>(await send('PUT', path, { body, version })),
  /** The next piece of a file. */
  piece: async <T>(path: string, data: Blob, params: Params, signal: AbortSignal) =>
    json<T>(await send('PUT', path, { bytes: { data, type: 'application/octet-stream' }, params, signal })),
  delete: async (path: string) => json<void>(await send('DELETE', path)),
  upload: async <T>(path: string, data: Blob, type: string, params?: Params, idempotencyKey?: string) =>
    json<T>(
      await send('POST', path, {
        bytes: { data, type },
        ...(params && { params }),
        ...(idempotencyKey && { idempotencyKey }),
      }),
    ),
  /** Puts a file in place of another. */
  put: async <T>(path: string, data: Blob, type: string) => json<T>(await send('PUT', path, { bytes: { data, type } })),
  /** Sends a file's bytes as they are, with its name in the address. */
  attach: async <T>(path: string, file: File) =>
    json<T>(
      await send('POST', path, {
        bytes: { data: file, type: file.type || 'application/octet-stream' },
        params: { name: file.name },
      }),
    ),
  /** A statement's rows in another form than JSON. */
  postFor: async (path: string, body: unknown, accept: string) => (await send('POST', path, { body, headers: { Accept: accept } })).blob(),
  /** A POST that answers with a file. */
  fetchFile: async (path: string, params: Params) => (await send('POST', path, { params })).blob(),
  /** Every item of a list, page after page; for lists the plan keeps small. */
  all: async <T>(path: string, params: Params = {}): Promise<T[]> => {
    const items: T[] = []
    let cursor: string | null = null
    do {
      const page: List<T> = await api.get<List<T>>(path, { limit: 200, ...params, cursor })
      items.push(...page.items)
      cursor = page.next_cursor
    } while (cursor && items.length < 20_000)
    return items
  },
}

/** Where the browser itself can fetch a path of the API (downloads). */
export function hrefOf(path: string): string {
  return BASE + path
}
