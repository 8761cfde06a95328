import './styles/tokens.css'
import './styles/base.css'
import './styles/element.css'
import './styles/print.css'
import { createApp } from 'vue'
import App from './App.vue'
import { applyLang } from './i18n'
import { router } from './router'
import { applyTextSize } from './shell/textSize'

applyLang()
applyTextSize()
createApp(App).use(router).mount('#app')
