/** Every state has a colour, a shape and a word, so that none is told by colour alone. */
import type { Key } from '@/i18n'

export type Tone = 'good' | 'watch' | 'bad' | 'idle' | 'water'
export type Shape = 'disc' | 'half' | 'ring' | 'triangle' | 'diamond' | 'bar'
export interface StateLook {
  tone: Tone
  shape: Shape
  word: Key
}

const look = (tone: Tone, shape: Shape, word: Key): StateLook => ({ tone, shape, word })

export const states = {
  measure: {
    not_started: look('idle', 'ring', 'state.not_started'),
    under_way: look('water', 'half', 'state.under_way'),
    delayed: look('watch', 'triangle', 'state.delayed'),
    done: look('good', 'disc', 'state.done'),
  },
  indicator: {
    met: look('good', 'disc', 'state.met'),
    on_path: look('water', 'half', 'state.on_path'),
    off_path: look('bad', 'diamond', 'state.off_path'),
    no_data: look('idle', 'ring', 'state.no_data'),
    target_below_baseline: look('watch', 'triangle', 'state.target_below_baseline'),
  },
  plan: {
    draft: look('idle', 'ring', 'state.draft'),
    in_force: look('good', 'disc', 'state.in_force'),
    closed: look('idle', 'bar', 'state.closed'),
  },
  job: {
    queued: look('idle', 'ring', 'state.queued'),
    running: look('water', 'half', 'state.running'),
    done: look('good', 'disc', 'state.jobDone'),
    failed: look('bad', 'diamond', 'state.failed'),
    cancelled: look('idle', 'bar', 'state.cancelled'),
  },
  person: {
    active: look('good', 'disc', 'state.active'),
    suspended: look('watch', 'triangle', 'state.suspended'),
    erased: look('idle', 'bar', 'state.erased'),
  },
  severity: {
    high: look('bad', 'diamond', 'state.high'),
    medium: look('watch', 'triangle', 'state.medium'),
    low: look('idle', 'ring', 'state.low'),
  },
  risk: {
    met: look('good', 'disc', 'risk.met'),
    missed: look('bad', 'bar', 'risk.missed'),
    likely: look('good', 'half', 'risk.likely'),
    uncertain: look('watch', 'triangle', 'risk.uncertain'),
    unlikely: look('bad', 'diamond', 'risk.unlikely'),
    unknown: look('idle', 'ring', 'risk.unknown'),
  },
  share: {
    standing: look('good', 'disc', 'shares.standing'),
    ended: look('idle', 'bar', 'shares.ended'),
    revoked: look('idle', 'bar', 'shares.revoked'),
  },
  paper: {
    making: look('water', 'half', 'papers.making'),
    ready: look('good', 'disc', 'papers.ready'),
    failed: look('bad', 'diamond', 'papers.failed'),
  },
  round: {
    preparing: look('idle', 'ring', 'voice.state.preparing'),
    open: look('good', 'disc', 'voice.state.open'),
    closed: look('water', 'half', 'voice.state.closed'),
    reported: look('idle', 'bar', 'voice.state.reported'),
  },
  outcome: {
    adopted: look('good', 'disc', 'outcome.adopted'),
    partly: look('water', 'half', 'outcome.partly'),
    declined: look('watch', 'triangle', 'outcome.declined'),
    undecided: look('idle', 'ring', 'outcome.undecided'),
  },
  report: {
    owed: look('idle', 'ring', 'report.stage.owed'),
    draft: look('idle', 'half', 'report.stage.draft'),
    submitted: look('water', 'half', 'report.stage.submitted'),
    returned: look('watch', 'triangle', 'report.stage.returned'),
    accepted: look('good', 'disc', 'report.stage.accepted'),
    late: look('bad', 'diamond', 'report.stage.late'),
  },
  period: {
    planned: look('idle', 'ring', 'period.planned'),
    open: look('water', 'half', 'period.open'),
    closed: look('idle', 'bar', 'period.closed'),
  },
  milestone: {
    open: look('water', 'half', 'milestone.open'),
    done: look('good', 'disc', 'milestone.done'),
    late: look('bad', 'diamond', 'milestone.late'),
  },
  warning: {
    open: look('bad', 'diamond', 'warnings.state.open'),
    acknowledged: look('watch', 'half', 'warnings.state.acknowledged'),
    answered: look('water', 'half', 'warnings.state.answered'),
    closed: look('idle', 'bar', 'warnings.state.closed'),
  },
  trust: {
    steady: look('good', 'disc', 'composite.level.steady'),
    fair: look('water', 'half', 'composite.level.fair'),
    weak: look('watch', 'triangle', 'composite.level.weak'),
    unknown: look('idle', 'ring', 'composite.level.unknown'),
  },
  dataset: {
    draft: look('idle', 'ring', 'datasetState.draft'),
    published: look('good', 'disc', 'datasetState.published'),
    withdrawn: look('watch', 'bar', 'datasetState.withdrawn'),
  },
  upload: {
    receiving: look('water', 'half', 'upload.receiving'),
    reading: look('water', 'half', 'upload.reading'),
    read: look('watch', 'triangle', 'upload.read'),
    loading: look('water', 'half', 'upload.loading'),
    checked: look('watch', 'triangle', 'upload.checked'),
    loaded: look('good', 'disc', 'upload.loaded'),
    failed: look('bad', 'diamond', 'upload.failed'),
    discarded: look('idle', 'bar', 'upload.discarded'),
  },
  receipt: {
    good: look('good', 'disc', 'receipt.good'),
    bad: look('bad', 'diamond', 'receipt.bad'),
    waiting: look('idle', 'ring', 'receipt.waiting'),
    checking: look('water', 'half', 'receipt.checking'),
  },
} as const satisfies Record<string, Record<string, StateLook>>

export type StateKind = keyof typeof states

export function lookOf(kind: StateKind, state: string): StateLook | null {
  return (states[kind] as Record<string, StateLook>)[state] ?? null
}
