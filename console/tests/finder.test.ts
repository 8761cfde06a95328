import { describe, expect, it } from 'vitest'
import { prepare, search } from '@/shell/finder'

const items = prepare([
  { group: '举措', title: '24 积极探索算力招商', also: 'Explore computing power', to: '/measures/24' },
  { group: '举措', title: '28 建设云网协同的算力基础设施', also: 'Build computing infrastructure', to: '/measures/28' },
  { group: '单位', title: '数据局', also: 'Data Bureau', to: '/units/1' },
])
const found = (query: string) => search(items, query).map((item) => item.to)

describe('the command palette', () => {
  it('finds by Chinese, pinyin, initials and English', () => {
    expect(found('算力')).toEqual(['/measures/24', '/measures/28'])
    expect(found('shujuju')).toEqual(['/units/1'])
    expect(found('sjj')).toEqual(['/units/1'])
    expect(found('suanli')).toEqual(['/measures/24', '/measures/28'])
    expect(found('infrastructure')).toEqual(['/measures/28'])
    expect(found('28')).toEqual(['/measures/28'])
    expect(found('没有')).toEqual([])
  })
  it('shows everything before a word is typed', () => {
    expect(found('')).toHaveLength(3)
  })
})
