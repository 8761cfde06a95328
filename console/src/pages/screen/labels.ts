/** Names on the wall's map: large, and never one over another. */

export interface Box {
  x: number
  y: number
  width: number
  height: number
}
export interface Label<T> {
  of: T
  text: string
  /** Middle of the text and its baseline. */
  x: number
  y: number
}
export interface Wanted<T> {
  of: T
  text: string
  /** The mark it names, and how far the text stays away from its middle. */
  x: number
  y: number
  gap: number
  size: number
}

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

/** Width of a text: a Chinese character is as wide as the font is high, others a good half of it. */
export function textWidth(text: string, size: number): number {
  return [...text].reduce((sum, char) => sum + (char > '\u2e80' ? size : size * 0.56), 0)
}

/**
 * Places names above or below their marks, the important ones first; one that finds no room is left
 * out (its mark stays, and its turn to be named comes).
 */
export function place<T>(wanted: Wanted<T>[], taken: Box[], within: Box): Label<T>[] {
  const boxes = [...taken]
  return wanted.flatMap((one) => {
    const width = textWidth(one.text, one.size)
    for (const side of [-1, 1]) {
      const top = side < 0 ? one.y - one.gap - one.size : one.y + one.gap
      const left = Math.min(Math.max(one.x - width / 2, within.x + 6), within.x + within.width - width - 6)
      const box = { x: left, y: top, width, height: one.size * 1.15 }
      const inside = left >= within.x && top >= within.y && top + box.height <= within.y + within.height
      if (!inside || boxes.some((other) => overlap(box, other))) continue
      boxes.push(box)
      return [{ of: one.of, text: one.text, x: left + width / 2, y: top + one.size * 0.88 }]
    }
    return []
  })
}
