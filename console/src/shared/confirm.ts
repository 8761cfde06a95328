/** Asks before something that matters. */
import { ElMessageBox } from 'element-plus/es/components/message-box/index.mjs'
import 'element-plus/es/components/message-box/style/css'
import { t } from '@/i18n'

export async function confirmed(question: string, yes: string, title = ''): Promise<boolean> {
  try {
    await ElMessageBox.confirm(question, title || yes, {
      confirmButtonText: yes,
      cancelButtonText: t('common.cancel'),
      type: 'warning',
      showClose: false,
    })
    return true
  } catch {
    return false
  }
}
