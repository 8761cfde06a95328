/** Every page and its address. Adding one: a line here, its words, and its place in shell/navigation.ts. */
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { whenSignedOut } from '@/api/client'
import type { Key } from '@/i18n'
import { forgetMe, loadMe, me } from '@/session/session'

declare module 'vue-router' {
  interface RouteMeta {
    title: Key
    /** The page above this one, for the breadcrumbs. */
    parent?: string
    /** Needs no sign-in. */
    open?: boolean
    /** Stands alone, without rail and bar. */
    bare?: boolean
  }
}

const page = (path: string, name: string, title: Key, component: RouteRecordRaw['component'], parent?: string) =>
  ({ path, name, component, meta: { title, ...(parent && { parent }) } }) as RouteRecordRaw

/** Needs no sign-in and stands alone. */
const openPage = (path: string, name: string, title: Key, component: RouteRecordRaw['component']) =>
  ({ path, name, component, meta: { title, open: true, bare: true } }) as RouteRecordRaw

export const routes: RouteRecordRaw[] = [
  page('/', 'overview', 'nav.overview', () => import('@/pages/overview/OverviewPage.vue')),
  page('/plan', 'plan', 'nav.plan', () => import('@/pages/plan/PlanPage.vue')),
  page('/plans/import', 'import', 'nav.import', () => import('@/pages/import/ImportPage.vue'), 'plan'),
  page('/measures', 'measures', 'nav.measures', () => import('@/pages/measures/MeasuresPage.vue')),
  page('/measures/:id', 'measure', 'nav.measure', () => import('@/pages/measures/MeasurePage.vue'), 'measures'),
  page('/indicators', 'indicators', 'nav.indicators', () => import('@/pages/indicators/IndicatorsPage.vue')),
  page('/indicators/:id', 'indicator', 'nav.indicator', () => import('@/pages/indicators/IndicatorPage.vue'), 'indicators'),
  page('/papers', 'papers', 'nav.papers', () => import('@/pages/papers/PapersPage.vue')),
  page('/papers/setup', 'papers-setup', 'nav.papersSetup', () => import('@/pages/papers/SetupPage.vue'), 'papers'),
  page('/papers/:id', 'paper', 'nav.paper', () => import('@/pages/papers/PaperPage.vue'), 'papers'),
  page('/risks', 'risks', 'nav.risks', () => import('@/pages/risks/RisksPage.vue'), 'indicators'),
  page('/goals', 'goals', 'nav.goals', () => import('@/pages/goals/GoalsPage.vue'), 'plan'),
  page('/goals/:id', 'goal', 'nav.goal', () => import('@/pages/goals/GoalPage.vue'), 'goals'),
  page('/effects', 'effects', 'nav.effects', () => import('@/pages/effects/EffectsPage.vue'), 'indicators'),
  page('/effects/:id', 'effect', 'nav.effect', () => import('@/pages/effects/EffectPage.vue'), 'effects'),
  page('/follow-up', 'follow-up', 'nav.followUp', () => import('@/pages/follow-up/FollowUpPage.vue')),
  page('/my-reports', 'my-reports', 'nav.myReports', () => import('@/pages/reports/MyReportsPage.vue')),
  page('/reviews', 'reviews', 'nav.reviews', () => import('@/pages/reports/ReviewPage.vue')),
  page('/reports/:id', 'report', 'nav.report', () => import('@/pages/reports/ReportPage.vue'), 'follow-up'),
  page('/schedule', 'schedule', 'nav.schedule', () => import('@/pages/schedule/SchedulePage.vue')),
  page('/warnings', 'warnings', 'nav.warnings', () => import('@/pages/warnings/WarningsPage.vue')),
  page('/warnings/rules', 'warning-rules', 'nav.warningRules', () => import('@/pages/warnings/RulesPage.vue'), 'warnings'),
  page('/warnings/:id', 'warning', 'nav.warning', () => import('@/pages/warnings/WarningPage.vue'), 'warnings'),
  page('/composite', 'composite', 'nav.composite', () => import('@/pages/composite/CompositePage.vue')),
  page('/compare', 'compare', 'nav.compare', () => import('@/pages/compare/ComparePage.vue'), 'plan'),
  page('/units', 'units', 'nav.units', () => import('@/pages/units/UnitsPage.vue')),
  page('/units/:id', 'unit', 'nav.unit', () => import('@/pages/units/UnitPage.vue'), 'units'),
  page('/people', 'people', 'nav.people', () => import('@/pages/people/PeoplePage.vue')),
  page('/people/:id', 'person', 'nav.person', () => import('@/pages/people/PersonPage.vue'), 'people'),
  page('/may', 'may', 'nav.may', () => import('@/pages/may/MayPage.vue')),
  page('/audit', 'audit', 'nav.audit', () => import('@/pages/audit/AuditPage.vue')),
  page('/datasets', 'datasets', 'nav.datasets', () => import('@/pages/datasets/DatasetsPage.vue')),
  page('/datasets/:id', 'dataset', 'nav.dataset', () => import('@/pages/datasets/DatasetPage.vue'), 'datasets'),
  page('/datasets/:id/uploads/:upload', 'bring-in', 'nav.bringIn', () => import('@/pages/datasets/bring-in/BringInPage.vue'), 'datasets'),
  page('/sql', 'sql', 'nav.sql', () => import('@/pages/sql/SqlPage.vue')),
  page('/ledgers', 'ledgers', 'nav.ledgers', () => import('@/pages/ledgers/LedgersPage.vue')),
  page('/jobs', 'jobs', 'nav.jobs', () => import('@/pages/jobs/JobsPage.vue')),
  page('/screen/setup', 'screen-setup', 'nav.screenSetup', () => import('@/pages/screen/SetupPage.vue'), 'overview'),
  {
    path: '/screen',
    name: 'screen',
    component: () => import('@/pages/screen/ScreenPage.vue'),
    meta: { title: 'nav.screen', open: true, bare: true },
  },
  page('/shares', 'shares', 'nav.shares', () => import('@/pages/shares/SharesPage.vue'), 'overview'),
  ...['/s/:token', '/embed/:token'].map((path) => ({
    path,
    name: path.startsWith('/s/') ? 'shared' : 'embed',
    component: () => import('@/pages/shares/SharedPage.vue'),
    meta: { title: 'nav.shared' as const, open: true, bare: true },
  })),
  page('/participation', 'participation', 'nav.participation', () => import('@/pages/participation/RoundsPage.vue')),
  page('/participation/topics/:id', 'topic', 'nav.topic', () => import('@/pages/participation/TopicPage.vue'), 'participation'),
  page('/participation/opinions/:id', 'opinion', 'nav.opinion', () => import('@/pages/participation/OpinionPage.vue'), 'participation'),
  page('/participation/:id', 'round', 'nav.round', () => import('@/pages/participation/RoundPage.vue'), 'participation'),
  page('/participation/:id/opinions', 'round-opinions', 'nav.opinions', () => import('@/pages/participation/OpinionsPage.vue'), 'participation'),
  page('/participation/:id/topics', 'round-topics', 'nav.topics', () => import('@/pages/participation/TopicsPage.vue'), 'participation'),
  page('/participation/:id/report', 'round-report', 'nav.report', () => import('@/pages/participation/ReportPage.vue'), 'participation'),
  openPage('/open', 'open', 'nav.open', () => import('@/pages/open/data/SearchPage.vue')),
  openPage('/open/datasets/:id', 'open-dataset', 'nav.openDataset', () => import('@/pages/open/data/DatasetPage.vue')),
  // Where catalogues harvested earlier lead to.
  { path: '/open/d/:id', redirect: (to) => ({ name: 'open-dataset', params: to.params }) },
  openPage('/open/participation', 'open-rounds', 'nav.participation', () => import('@/pages/open/OpenRoundsPage.vue')),
  openPage('/open/participation/mine/:token', 'open-mine', 'nav.mine', () => import('@/pages/open/MinePage.vue')),
  openPage('/open/participation/:id', 'open-round', 'nav.participation', () => import('@/pages/open/OpenRoundPage.vue')),
  page('/me', 'me', 'nav.me', () => import('@/pages/me/MePage.vue')),
  { ...page('/about', 'about', 'nav.about', () => import('@/pages/about/AboutPage.vue')), meta: { title: 'nav.about', open: true } },
  {
    path: '/sign-in',
    name: 'sign-in',
    component: () => import('@/pages/sign-in/SignInPage.vue'),
    meta: { title: 'nav.signIn', open: true, bare: true },
  },
  {
    path: '/first-password',
    name: 'first-password',
    component: () => import('@/pages/sign-in/FirstPasswordPage.vue'),
    meta: { title: 'nav.firstPassword', bare: true },
  },
  {
    path: '/:rest(.*)*',
    name: 'missing',
    component: () => import('@/pages/missing/MissingPage.vue'),
    meta: { title: 'nav.missing', open: true },
  },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
})

router.beforeEach(async (to) => {
  await loadMe().catch(() => null)
  if (!to.meta.open && !me.value) return { name: 'sign-in', query: to.fullPath === '/' ? {} : { return: to.fullPath } }
  if (me.value?.must_change_password && to.name !== 'first-password') {
    return { name: 'first-password', query: to.fullPath === '/' ? {} : { return: to.fullPath } }
  }
  return true
})

whenSignedOut(() => {
  forgetMe()
  const here = router.currentRoute.value
  if (!here.meta.open) void router.push({ name: 'sign-in', query: { return: here.fullPath, ended: '1' } })
})

/** A `return` address is only ever a path of this console. */
export function safeReturn(value: unknown): string {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : '/'
}
