import { afterEach, describe, expect, it } from 'vitest'
import { nameOf, pick, setLang, t, words } from '@/i18n'

const cjk = /[\u4e00-\u9fff]/
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort()
/** Language names stand in their own language. */
const inBoth = new Set(['bar.lang'])

describe('words', () => {
  afterEach(() => setLang('zh'))

  it.each(Object.entries(words))('%s has both languages', (key, [zh, en]) => {
    expect(zh.trim(), `${key} in Chinese`).not.toBe('')
    expect(en.trim(), `${key} in English`).not.toBe('')
    expect(placeholders(en), `${key} names the same values`).toEqual(placeholders(zh))
    if (!inBoth.has(key)) expect(cjk.test(en), `${key}: Chinese in the English text`).toBe(false)
  })

  it.each(Object.entries(words))('%s uses full-width punctuation in Chinese', (_, [zh]) => {
    expect(zh).not.toMatch(/[\u4e00-\u9fff][,;:?!]/)
  })

  it('fills placeholders and keeps unknown ones visible', () => {
    expect(t('list.count', { n: 48 })).toBe('共 48 条')
    expect(t('list.count')).toBe('共 {n} 条')
    setLang('en')
    expect(t('list.count', { n: 48 })).toBe('48 rows')
  })

  it('picks the reader’s language and falls back to the other', () => {
    expect(pick({ zh: '举措', en: 'Measure' })).toBe('举措')
    setLang('en')
    expect(pick({ zh: '举措', en: 'Measure' })).toBe('Measure')
    expect(pick({ zh: '举措', en: '' })).toBe('举措')
    expect(nameOf({ name: '经委', name_en: null })).toBe('经委')
  })

  it('remembers the choice', () => {
    setLang('en')
    expect(localStorage.getItem('tianyuan.lang')).toBe('"en"')
    expect(document.documentElement.lang).toBe('en')
  })
})
