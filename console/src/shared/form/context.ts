import type { InjectionKey, Ref } from 'vue'

/** Messages by field name, from the node or from the page's own check. */
export const formErrors: InjectionKey<Ref<Record<string, string>>> = Symbol('form errors')
export const formName: InjectionKey<string> = Symbol('form name')
