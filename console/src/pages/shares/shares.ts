/** Links as people pass them on. */
import type { Share, ShareCreated } from '@/api/types'

export type ShareState = 'standing' | 'ended' | 'revoked'

export function stateOf(share: Share, now = Date.now()): ShareState {
  if (share.revoked_at) return 'revoked'
  return new Date(share.expires_at).getTime() > now ? 'standing' : 'ended'
}

export function addressOf(token: string, origin = location.origin): string {
  return `${origin}/s/${token}`
}

/** The last second of a day in Shanghai. */
export function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59+08:00`).toISOString()
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')

/** What to put into a web page. */
export function embedCode(made: ShareCreated, name: string, origin = location.origin): string {
  const height = made.share.page === 'wall' ? 540 : 500
  return `<iframe src="${origin}/embed/${made.token}" title="${escaped(made.share.title || name)}" width="960" height="${height}" loading="lazy"></iframe>`
}
