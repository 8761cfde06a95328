/** Words of the console: every key has a Chinese and an English text, checked by its type and by a test. */
import { computed, readonly, ref } from 'vue'
import { keep, kept } from '@/lib/kept'
import { catalogue } from './words/catalogue'
import { common } from './words/common'
import { desk } from './words/desk'
import { papers } from './words/papers'
import { forecast } from './words/forecast'
import { goals } from './words/goals'
import { followUp } from './words/followUp'
import { composite } from './words/composite'
import { plan } from './words/plan'
import { portal } from './words/portal'
import { screen } from './words/screen'
import { shares } from './words/shares'
import { shell } from './words/shell'
import { shield } from './words/shield'
import { voice } from './words/voice'
import { warnings } from './words/warnings'

export type Lang = 'zh' | 'en'
/** A text the node sends in both languages. */
export interface Text {
  zh: string
  en: string
}

export const words = { ...common, ...catalogue, ...desk, ...portal, ...composite, ...forecast, ...goals, ...shell, ...plan, ...papers, ...screen, ...shares, ...shield, ...voice, ...followUp, ...warnings }
export type Key = keyof typeof words

const current = ref<Lang>(kept<string>('lang') === 'en' ? 'en' : 'zh')

export const lang = readonly(current)
export const isChinese = computed(() => current.value === 'zh')

export function setLang(next: Lang): void {
  current.value = next
  keep('lang', next)
  applyLang()
}

/** Tells the browser, so that screen readers and hyphenation follow. */
export function applyLang(): void {
  document.documentElement.lang = current.value === 'zh' ? 'zh-CN' : 'en'
}

/** The text of a key with `{name}` placeholders filled. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text: string = words[key][current.value === 'zh' ? 0 : 1]
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** The caller's language of a text from the node. */
export function pick(text: Text | null | undefined): string {
  if (!text) return ''
  return (current.value === 'zh' ? text.zh : text.en) || text.zh || text.en
}

/** The name or title of a record in the caller's language; Chinese when it has no English one. */
export function nameOf(record: { name?: string; title?: string; name_en?: string | null; title_en?: string | null }): string {
  const zh = record.title ?? record.name ?? ''
  const en = record.title_en ?? record.name_en
  return current.value === 'en' && en ? en : zh
}
