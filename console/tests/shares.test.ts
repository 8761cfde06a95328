import { describe, expect, it } from 'vitest'
import type { Share, ShareCreated } from '@/api/types'
import { addressOf, embedCode, endOfDay, stateOf } from '@/pages/shares/shares'

const share = (parts: Partial<Share> = {}): Share => ({
  id: 'share_1', plan_id: 'plan_1', page: 'indicator', indicator_id: 'indicator_1', title: '', created_at: '2024-06-01T00:00:00Z',
  expires_at: '2024-07-01T00:00:00Z', revoked_at: null, ...parts,
})

describe('a link', () => {
  it('stands until it ends or is revoked', () => {
    const june = Date.parse('2024-06-30T00:00:00Z')
    expect(stateOf(share(), june)).toBe('standing')
    expect(stateOf(share(), Date.parse('2024-07-01T00:00:00Z'))).toBe('ended')
    expect(stateOf(share({ revoked_at: '2024-06-02T00:00:00Z' }), june)).toBe('revoked')
  })
  it('ends with its day in Shanghai', () => {
    expect(endOfDay('2024-06-30')).toBe('2024-06-30T15:59:59.000Z')
  })
  it('is embedded by code that a title cannot break out of', () => {
    const made: ShareCreated = { token: 'ts_ab', share: share({ title: '"><script>alert(1)</script>' }) }
    const frame = new DOMParser().parseFromString(embedCode(made, '指标', 'https://node.example.cn'), 'text/html').body
    expect(frame.children).toHaveLength(1)
    expect(frame.querySelector('iframe')?.title).toBe(made.share.title)
    expect(frame.querySelector('iframe')?.getAttribute('src')).toBe('https://node.example.cn/embed/ts_ab')
    expect(addressOf('ts_ab', 'https://node.example.cn')).toBe('https://node.example.cn/s/ts_ab')
  })
})
