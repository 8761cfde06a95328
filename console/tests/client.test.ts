import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { api, newIdempotencyKey, pathWith, setCsrf, whenSignedOut } from '@/api/client'
import { messageOf, Offline, Problem } from '@/api/problem'
import { setLang } from '@/i18n'
import { safeReturn } from '@/router'

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(body === null ? null : JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } })
let fetched: ReturnType<typeof vi.fn>
const sent = (turn = 0) => {
  const [url, init] = fetched.mock.calls[turn] as [string, RequestInit]
  return { url, method: init.method, headers: init.headers as Headers, body: init.body }
}

beforeEach(() => {
  fetched = vi.fn(async () => answer(200, { items: [], next_cursor: null }))
  vi.stubGlobal('fetch', fetched)
  setCsrf('token')
})
afterEach(() => {
  vi.unstubAllGlobals()
  setLang('zh')
  whenSignedOut(() => undefined)
})

describe('requests', () => {
  it('leave out empty parameters', () => {
    expect(pathWith('/audit', { q: '', from: null, limit: 5, kind: '目录' })).toBe('/audit?limit=5&kind=%E7%9B%AE%E5%BD%95')
  })
  it('say the language and carry no token on GET', async () => {
    setLang('en')
    await api.get('/plans', { limit: 1 })
    expect(sent().url).toBe('/api/v1/plans?limit=1')
    expect(sent().headers.get('Accept-Language')).toBe('en')
    expect(sent().headers.has('X-CSRF-Token')).toBe(false)
  })
  it('carry CSRF token and idempotency key on POST', async () => {
    await api.post('/indicators/i/values', { at: '2024-06-30', value: 1 }, { idempotencyKey: 'kept' })
    expect(sent().headers.get('X-CSRF-Token')).toBe('token')
    expect(sent().headers.get('Idempotency-Key')).toBe('kept')
    expect(sent().body).toBe('{"at":"2024-06-30","value":1}')
    expect(newIdempotencyKey()).not.toBe(newIdempotencyKey())
  })
  it('carry the version on PATCH', async () => {
    await api.patch('/measures/m', { state: 'done' }, 7)
    expect(sent().headers.get('If-Match')).toBe('"7"')
  })
  it('follow cursors to the end', async () => {
    fetched
      .mockResolvedValueOnce(answer(200, { items: [1, 2], next_cursor: 'c' }))
      .mockResolvedValueOnce(answer(200, { items: [3], next_cursor: null }))
    expect(await api.all('/units')).toEqual([1, 2, 3])
    expect(sent(1).url).toContain('cursor=c')
  })
})

describe('failures', () => {
  it('become readable problems with their fields', async () => {
    fetched.mockResolvedValueOnce(
      answer(422, { code: 'invalid', title: '不对', detail: '数值不是数', field: 'value', hint: '如 12.5。', errors: [{ field: 'at', code: 'x', detail: '日期不对' }], request_id: 'r1' }),
    )
    const problem = (await api.post('/x', {}).catch((error: unknown) => error)) as Problem
    expect(problem).toBeInstanceOf(Problem)
    expect(problem.byField()).toEqual({ value: '数值不是数', at: '日期不对' })
    expect(messageOf(problem)).toBe('数值不是数 如 12.5。')
    expect(problem.requestId).toBe('r1')
  })
  it('read a proxy’s page as its status', async () => {
    fetched.mockResolvedValueOnce(new Response('<html>', { status: 502 }))
    await expect(api.get('/x')).rejects.toMatchObject({ status: 502, code: 'unknown' })
  })
  it('tell a lost network from a refusal', async () => {
    fetched.mockRejectedValueOnce(new TypeError('failed'))
    await expect(api.get('/x')).rejects.toBeInstanceOf(Offline)
  })
  it('send the reader to sign in when the session has ended, but not for a wrong password', async () => {
    const ended = vi.fn()
    whenSignedOut(ended)
    fetched.mockResolvedValue(answer(401, { code: 'unauthenticated' }))
    await api.get('/plans').catch(() => undefined)
    expect(ended).toHaveBeenCalledTimes(1)
    fetched.mockResolvedValue(answer(401, { code: 'sign_in_failed' }))
    await api.post('/sessions', {}).catch(() => undefined)
    expect(ended).toHaveBeenCalledTimes(1)
  })
  it('keep how long to wait', async () => {
    fetched.mockResolvedValueOnce(answer(429, { code: 'sign_in_slowed' }, { 'Retry-After': '30' }))
    await expect(api.post('/sessions', {})).rejects.toMatchObject({ retryAfter: 30 })
  })
})

describe('return addresses', () => {
  it('never leave the console', () => {
    expect(safeReturn('/measures?q=1')).toBe('/measures?q=1')
    expect(safeReturn('//evil.example')).toBe('/')
    expect(safeReturn('/\\evil.example')).toBe('/')
    expect(safeReturn('https://evil.example')).toBe('/')
    expect(safeReturn(undefined)).toBe('/')
  })
})
