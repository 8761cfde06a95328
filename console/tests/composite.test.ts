import { describe, expect, it } from 'vitest'
import { judgement, pairsOf, weightsOf } from '@/pages/composite/choices'

describe('choices of an index', () => {
  it('writes judgements as people do', () => {
    expect([9, 3, 1, 1 / 3, 1 / 9, 0.42].map(judgement)).toEqual(['9', '3', '1', '1/3', '1/9', '1/2.4'])
  })
  it('lists every pair once, row by row', () => {
    expect(pairsOf(3)).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ])
    expect(pairsOf(15)).toHaveLength(105)
  })
  it('begins with weights that are all alike', () => {
    const choices = { manual: [2, 1] } as never
    expect(weightsOf(choices, 2)).toEqual([2, 1])
    expect(weightsOf(choices, 3)).toEqual([1, 1, 1])
  })
})
