/** Asks the node for a chart's numbers and makes its picture; a late answer is dropped. */
import { ref, shallowRef } from 'vue'
import { api } from '@/api/client'
import type { SqlAnswer } from '@/api/types'
import { t } from '@/i18n'
import { type Picture, pictureOfGroups, pictureOfPoints, pictureOfSpread, type Row } from './picture'
import { type ChartField, type ChartSpec, GROUPS_MAX, histogramOf, POINTS_MAX, reachOf, statementOf, stepsOf } from './spec'

/** A chart is one statement; the statement is shown to whoever wants to go on from it. */
export function useChart() {
  const picture = shallowRef<Picture | null>(null)
  const error = shallowRef<unknown>(null)
  const busy = ref(false)
  const statement = ref('')
  let turn = 0
  let stop: AbortController | undefined

  const ask = async (sql: string, signal: AbortSignal) => {
    statement.value = sql
    return (await api.post<SqlAnswer>('/sql', { sql, purpose: t('chart.purpose') }, { signal })) as SqlAnswer & { rows: Row[] }
  }

  async function make(spec: ChartSpec, fields: ChartField[], table: string, condition: string, signal: AbortSignal): Promise<Picture> {
    if (spec.kind === 'histogram') {
      const reach = (await ask(reachOf(spec, table, condition), signal)).rows[0]
      const [low, high] = [Number(reach?.['low'] ?? 0), Number(reach?.['high'] ?? 0)]
      const steps = stepsOf(low, high, fields.find((one) => one.name === spec.x)?.type === 'integer')
      const answer = await ask(histogramOf(spec, table, condition, steps), signal)
      return pictureOfSpread(spec, fields, answer.rows, steps)
    }
    const answer = await ask(statementOf(spec, table, condition), signal)
    if (spec.kind === 'scatter') return pictureOfPoints(spec, fields, answer.rows, answer.rows.length >= POINTS_MAX)
    return pictureOfGroups(spec, fields, answer.rows, answer.rows.length >= GROUPS_MAX)
  }

  async function draw(spec: ChartSpec, fields: ChartField[], table: string, condition: string): Promise<void> {
    const mine = ++turn
    stop?.abort()
    stop = new AbortController()
    busy.value = true
    try {
      const made = await make(spec, fields, table, condition, stop.signal)
      if (mine !== turn) return
      picture.value = made
      error.value = null
    } catch (problem) {
      if (mine !== turn || (problem instanceof DOMException && problem.name === 'AbortError')) return
      error.value = problem
      picture.value = null
    } finally {
      if (mine === turn) busy.value = false
    }
  }
  return { picture, error, busy, statement, draw }
}
