/** What went wrong with a request, in words a reader can act on. */
import { t } from '@/i18n'
import type { FieldProblem, ProblemBody } from './types'

export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly field: string | null
  readonly hint: string | null
  readonly errors: FieldProblem[]
  readonly requestId: string | null
  /** Seconds to wait before trying again, when the node says so. */
  readonly retryAfter: number | null

  constructor(status: number, body: Partial<ProblemBody>, retryAfter: number | null = null) {
    super(body.detail || body.title || t('problem.unknown', { status }))
    this.name = 'Problem'
    this.status = status
    this.code = body.code ?? 'unknown'
    this.field = body.field ?? null
    this.hint = body.hint ?? null
    this.errors = body.errors ?? []
    this.requestId = body.request_id ?? null
    this.retryAfter = retryAfter
  }

  /** Messages by field name, for a form to show beside each field. */
  byField(): Record<string, string> {
    const found: Record<string, string> = {}
    if (this.field) found[this.field] = this.message
    for (const error of this.errors) found[error.field] ??= error.detail
    return found
  }
}

/** The node was not reached at all. */
export class Offline extends Error {
  constructor() {
    super(t('problem.offline'))
    this.name = 'Offline'
  }
}

export function messageOf(error: unknown): string {
  if (error instanceof Problem) return error.hint ? `${error.message} ${error.hint}` : error.message
  return error instanceof Error ? error.message : String(error)
}
