/** Every entry is `[Chinese, English]`. */
export function define<T extends Record<string, readonly [zh: string, en: string]>>(words: T): T {
  return words
}
