import { define } from '../define'

export const screen = define({
  'nav.screen': ['大屏', 'Wall'],
  'nav.screenSetup': ['大屏设置', 'Wall set-up'],

  'screen.lead': [
    '给墙面屏幕用的页面：深色、无需操作、自动更新。选好内容后，把地址在大屏的浏览器里打开，按 F 键全屏。',
    'The page for a screen on the wall: dark, without controls, live. Choose what it shows, open the address in the wall\'s browser, and press F for full screen.',
  ],
  'screen.heading': ['标题', 'Title'],
  'screen.headingHint': ['留空则用方案名称，最多 {n} 个字。', 'Empty: the plan\'s own name. At most {n} characters.'],
  'screen.panels': ['显示内容', 'What it shows'],
  'screen.map': ['空间格局', 'Spatial pattern'],
  'screen.layers': ['各项计划', 'Programmes'],
  'screen.indicators': ['指标', 'Indicators'],
  'screen.attention': ['关注事项', 'Attention'],
  'screen.pace': ['每页停留', 'Each page stays'],
  'screen.paceSeconds': ['{n} 秒', '{n} s'],
  'screen.language': ['语言', 'Language'],
  'screen.zh': ['中文', 'Chinese'],
  'screen.en': ['英文', 'English'],
  'screen.address': ['大屏地址', 'Address of the wall'],
  'screen.open': ['打开大屏', 'Open the wall'],
  'screen.copy': ['复制地址', 'Copy the address'],
  'screen.copied': ['已复制', 'Copied'],
  'screen.noPanels': ['至少选一项内容。', 'Choose at least one panel.'],
  'screen.strangers': [
    '方案执行期间，不登录也能看到公开的内容；登录后还会即时更新，并显示内部的关注事项。',
    'While the plan is in force, what is public shows without signing in; signed in, the wall follows every change at once and shows what is meant for staff.',
  ],

  'screen.target': ['{year} 目标 {value}', '{year} target {value}'],
  'screen.ledgers': ['{n} 件事实已入账，可从外部核验', '{n} facts in the ledgers, open to verification'],
  'screen.live': ['实时', 'Live'],
  'screen.polled': ['每分钟更新', 'Updated every minute'],
  'screen.stale': ['连接中断，显示的是 {at} 的内容', 'Connection lost; this was true at {at}'],
  'screen.updated': ['{at} 更新', 'Updated {at}'],
  'screen.nothing': ['还没有可以显示的行动方案。', 'There is no action plan to show yet.'],
  'screen.measures': ['{n} 项举措', '{n} measures'],
  'screen.page': ['{page}/{pages}', '{page}/{pages}'],
  'screen.calm': ['没有需要关注的事项', 'Nothing needs attention'],
})
