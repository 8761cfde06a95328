/** Finding by Chinese, pinyin (whole or first letters) and English, over everything the reader may see. */
import { pinyin } from 'pinyin-pro'

export interface Findable {
  group: string
  title: string
  also: string
  to: string
}
export interface Prepared extends Findable {
  text: string
  letters: string
  initials: string
}

const plain = (text: string) => text.toLowerCase().replace(/[\s、,。·“”"()()「」-]+/g, '')

export function prepare(items: Findable[]): Prepared[] {
  return items.map((item) => {
    const syllables = pinyin(item.title, { toneType: 'none', type: 'array', nonZh: 'consecutive' })
    return {
      ...item,
      text: plain(item.title + item.also),
      letters: plain(syllables.join('')),
      initials: plain(syllables.map((syllable) => syllable[0] ?? '').join('')),
    }
  })
}

/** Best first: start of the title, inside it, initials, whole pinyin, English. */
export function search(items: Prepared[], query: string, most = 40): Prepared[] {
  const wanted = plain(query)
  if (!wanted) return items.slice(0, most)
  const score = (item: Prepared): number => {
    const title = plain(item.title)
    if (title.startsWith(wanted)) return 0
    if (title.includes(wanted)) return 1
    if (item.initials.startsWith(wanted)) return 2
    if (item.letters.startsWith(wanted)) return 3
    if (wanted.length > 1 && item.initials.includes(wanted)) return 4
    if (item.text.includes(wanted)) return 5
    if (wanted.length > 2 && item.letters.includes(wanted)) return 6
    return 9
  }
  return items
    .map((item) => ({ item, rank: score(item) }))
    .filter((one) => one.rank < 9)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map((one) => one.item)
}
