/** The node's live events, resumed after a lost connection; each says only that something happened. */
import { onBeforeUnmount, ref, type Ref } from 'vue'
import { loadMe } from '@/session/session'

export interface LiveEvent {
  id: string
  kind: string
  subject: string
}

/** Splits a stream of server-sent events into whole ones and the unfinished rest. */
export function parseEvents(text: string): { events: LiveEvent[]; rest: string } {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n')
  const rest = blocks.pop() ?? ''
  const events = blocks.flatMap((block) => {
    const field = (name: string) =>
      block
        .split('\n')
        .filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
        .join('\n')
    const data = field('data')
    if (!data) return []
    try {
      const body = JSON.parse(data) as { kind?: string; subject?: string }
      return [{ id: field('id'), kind: body.kind ?? field('event'), subject: body.subject ?? '' }]
    } catch {
      return []
    }
  })
  return { events, rest }
}

/** Follows events while the page is open. `live` is false while the connection is down. */
export function useEvents(onEvent: (event: LiveEvent) => void): { live: Ref<boolean> } {
  const live = ref(false)
  const abort = new AbortController()
  let last = ''

  async function follow(): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' }
    if (last) headers['Last-Event-ID'] = last
    const response = await fetch('/api/v1/events', { headers, credentials: 'same-origin', signal: abort.signal })
    if (response.status === 401) await loadMe(true)
    if (!response.ok || !response.body) return
    live.value = true
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const parsed = parseEvents(text + value)
      text = parsed.rest
      for (const event of parsed.events) {
        last = event.id || last
        onEvent(event)
      }
    }
  }
  async function run(): Promise<void> {
    let wait_ms = 1000
    while (!abort.signal.aborted) {
      const began = Date.now()
      await follow().catch(() => undefined)
      live.value = false
      if (Date.now() - began > 30_000) wait_ms = 1000
      await new Promise((resume) => setTimeout(resume, wait_ms))
      wait_ms = Math.min(wait_ms * 2, 30_000)
    }
  }
  void run()
  onBeforeUnmount(() => abort.abort())
  return { live }
}
