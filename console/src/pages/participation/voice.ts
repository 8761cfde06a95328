/** Small things the pages of participation share. */
import { ref } from 'vue'
import type { Channel, Clause, Round } from '@/api/types'
import { isChinese, t } from '@/i18n'

/** The name of a channel in the reader's language. */
export function channelName(channel: { name: string; name_en: string }): string {
  return (!isChinese.value && channel.name_en) || channel.name
}

/** What an opinion is about, in words. */
export function clauseText(clause: Clause, title: string | null): string {
  if (clause.measure) return `${clause.measure} ${title ?? ''}`.trim()
  return clause.section || t('voice.whole')
}

/** What the form's one box says: empty, a measure's number, or a section. */
export function clauseOf(measure: string, section: string): { measure: number | null; section: string } {
  return measure ? { measure: Number(measure), section: '' } : { measure: null, section: section.trim() }
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Channels that take opinions. */
export function counted(round: Round): Channel[] {
  return round.channels.filter((one) => one.counted)
}

export const changed = ref(0)
