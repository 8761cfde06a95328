/** Cells named by a refused import: `举措!C12` in the field of a problem. */
import type { Problem } from '@/api/problem'
import type { CellError } from '@/api/types'

export function errorsOf(problem: Problem): CellError[] {
  return problem.errors.map((one) => {
    const found = /^(.*)!([A-Z]+)(\d+)$/.exec(one.field)
    return {
      sheet: found?.[1] ?? one.field,
      column: found?.[2] ?? null,
      row: found?.[3] ? Number(found[3]) : null,
      code: one.code,
      detail: { zh: one.detail, en: one.detail },
    }
  })
}
