/** The name of the record a page shows, set by the page, read by the breadcrumbs and the window title. */
import { ref, watchEffect } from 'vue'
import { t } from '@/i18n'

export const crumb = ref('')

/** Names the open record for as long as the page is open. */
export function useCrumb(name: () => string): void {
  watchEffect((onCleanup) => {
    const text = name()
    crumb.value = text
    if (text) document.title = `${text} · ${t('app.name')}`
    onCleanup(() => (crumb.value = ''))
  })
}
