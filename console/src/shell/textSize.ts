/** The large-text mode for older people and far screens. */
import { readonly, ref } from 'vue'
import { keep, kept } from '@/lib/kept'

const large = ref(kept<boolean>('large') === true)
export const largeText = readonly(large)

export function applyTextSize(): void {
  document.documentElement.classList.toggle('large', large.value)
}

export function setLargeText(on: boolean): void {
  large.value = on
  keep('large', on)
  applyTextSize()
}
