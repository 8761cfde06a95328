// A stand-in for the node while developing: the sample district from ../demo, in memory, one account
// (any name, any password). Not shipped; `node dev/mock.mjs [port]`, then TIANYUAN_NODE=http://… npm run dev.
import { createServer } from 'node:http'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'smol-toml'

const folder = fileURLToPath(new URL('../../demo/plan-2024-2025', import.meta.url))
const bundle = {}
for (const file of readdirSync(folder).filter((name) => name.endsWith('.toml'))) {
  for (const [table, value] of Object.entries(parse(readFileSync(join(folder, file), 'utf8')))) {
    if (table === 'pattern') bundle.pattern = { ...bundle.pattern, ...value }
    else bundle[table] = value
  }
}
const now = () => new Date().toISOString()
const units = bundle.units.map((unit) => ({ ...unit, id: `unit_${unit.code}`, version: 1 }))
const unitOf = (name) => units.find((unit) => unit.name === name)
for (const unit of units) {
  unit.members = (unit.members ?? []).map((name) => ({ id: unitOf(name).id, name }))
  unit.groups = []
}
const layers = bundle.layers.map((layer, index) => ({ ...layer, id: `layer_${layer.code}`, position: index + 1 }))
const goals = bundle.goals.map((goal, index) => ({
  id: `goal_${index}`,
  scope: goal.measure ? 'measure' : goal.programme ? 'programme' : 'plan',
  programme_number: goal.programme ?? null,
  measure_number: goal.measure ?? null,
  indicator_number: goal.indicator ?? null,
  ...goal,
}))
const states = ['under_way', 'under_way', 'not_started', 'done', 'under_way', 'delayed', 'under_way']
const plan = {
  id: 'plan_1',
  ...bundle.plan,
  period: { from: bundle.plan.period_from, to: bundle.plan.period_to },
  counts: { layers: 3, programmes: 13, measures: 48, indicators: 10 },
  version: 1,
}
const programmeRef = (number) => {
  const one = bundle.programmes.find((programme) => programme.number === number)
  return { id: `prog_${number}`, number, title: one.title, title_en: one.title_en }
}
const layerOf = (number) => layers.find((layer) => layer.code === bundle.programmes.find((one) => one.number === number).layer)
const measures = bundle.measures.map((measure) => ({
  ...measure,
  id: `meas_${measure.number}`,
  plan_id: plan.id,
  programme: programmeRef(measure.programme),
  layer: layerOf(measure.programme),
  units: measure.units.map((name) => ({ id: unitOf(name).id, name, kind: unitOf(name).kind })),
  responsible: measure.units.flatMap((name) => (unitOf(name).members.length ? unitOf(name).members : [{ id: unitOf(name).id, name }])),
  state: states[measure.number % states.length],
  state_note: measure.number % 3 ? '已完成年度节点,正在组织验收。' : null,
  state_at: measure.number % 3 ? now() : null,
  goals: goals.filter((goal) => goal.measure === measure.number),
  version: 1,
}))
const counts = (number) => {
  const found = { not_started: 0, under_way: 0, delayed: 0, done: 0 }
  for (const measure of measures) if (measure.programme.number === number) found[measure.state] += 1
  return found
}
const programmes = bundle.programmes.map((one) => ({
  ...one,
  id: `prog_${one.number}`,
  layer_id: `layer_${one.layer}`,
  measure_count: measures.filter((measure) => measure.programme.number === one.number).length,
  goal_count: goals.filter((goal) => goal.programme === one.number).length,
  state_counts: counts(one.number),
}))
const values = {}
const indicators = bundle.indicators.map((one) => {
  const id = `ind_${one.number}`
  const flow = one.nature === 'flow'
  const make = (at, value, period, extra = {}) => ({ id: `val_${one.number}_${at}`, at, value, period, note: null, source: 'manual', revision: 1, superseded: false, recorded_at: `${at}T09:00:00Z`, recorded_by: { id: 'p1', name: '方案办公室' }, fact_id: `fact_${one.number}_${at}`, ...extra })
  const grow = (share) => Number((one.baseline.value + (one.targets[1].value - one.baseline.value) * share).toFixed(one.decimals))
  values[id] = [make(`${one.baseline.year}-12-31`, one.baseline.value, flow ? 'annual' : 'point', { source: 'plan' })]
  if (one.number % 4) {
    if (flow) {
      for (const [month, share] of [['03-31', 0.22], ['06-30', 0.47], ['09-30', 0.72]]) values[id].push(make(`2024-${month}`, Number((grow(0.45) * share).toFixed(one.decimals)), 'ytd'))
      values[id].push(make('2024-12-31', grow(0.45), 'annual'), make('2025-03-31', Number((grow(0.9) * 0.24).toFixed(one.decimals)), 'ytd'))
    } else {
      for (const [at, share] of [['2024-06-30', 0.2], ['2024-12-31', 0.5], ['2025-03-31', 0.6]]) values[id].push(make(at, grow(share), 'point'))
    }
  }
  const latest = values[id].length > 1 ? values[id].at(-1) : null
  const below = one.targets[0].value < one.baseline.value
  return {
    ...one,
    id,
    plan_id: plan.id,
    units: one.units.map((name) => ({ id: unitOf(name).id, name })),
    latest: latest && { at: latest.at, value: latest.value, period: latest.period, source: latest.source },
    status: !latest ? 'no_data' : below ? 'target_below_baseline' : ['on_path', 'met', 'off_path'][one.number % 3],
    attention: below ? { zh: '目标低于基期实际值:方案如此,请确认口径', en: 'The target lies below the baseline: so the plan says' } : null,
    metric: null,
    version: 1,
  }
})
const person = { id: 'p1', name: '方案办公室', username: 'admin' }
const me = { person, roles: [{ role: 'plan_office', unit: null }, { role: 'operator', unit: null }], units: [], must_change_password: false, csrf_token: 'x', permissions: ['Plan:Import', 'Plan:View', 'Person:View', 'Fact:View', 'Measure:Record', 'Indicator:Record', 'Indicator:Edit'] }
const attention = [
  { kind: 'measure.delayed', severity: 'high', title: { zh: '举措 5 滞后', en: 'Measure 5 is delayed' }, detail: { zh: '市西软件信息园扩区用地尚未落实,已滞后 23 天。', en: 'Land for the extension is not settled; 23 days late.' }, link: '/measures/meas_5', since: '2026-11-01T00:00:00Z' },
  { kind: 'indicator.no_data', severity: 'high', title: { zh: '指标 8 没有本季数据', en: 'Indicator 8 has no value this quarter' }, detail: { zh: '固定宽带平均可用下载速率由数据局填报。', en: 'To be reported by the Data Bureau.' }, link: '/indicators/ind_8', since: '2026-10-01T00:00:00Z' },
  { kind: 'indicator.target_below_baseline', severity: 'medium', title: { zh: '跨境电商交易量的目标低于基期', en: 'Cross-border orders: target below baseline' }, detail: { zh: '2023 年完成 4,537 万单,2024 年目标 2,500 万单;方案如此,不是差错。', en: '4,537 in 2023, target 2,500 for 2024; so the plan says.' }, link: '/indicators/ind_7', since: null },
  { kind: 'unit.no_reporter', severity: 'low', title: { zh: '31 个单位还没有填报人', en: '31 units have no reporter' }, detail: { zh: '给责任单位开通填报账号,才能自己报送。', en: 'Give them an account so that they can report.' }, link: '/units', since: null },
]
const list = (items) => ({ items, next_cursor: null })
const at = (items, id) => items.find((item) => item.id === id)

function answer(method, path, query, body, signedIn) {
  const parts = path.split('/').filter(Boolean)
  if (path === '/node') return { name: { zh: '青浦区数字干线节点', en: 'Qingpu node' }, version: '0.1.0', demo: true }
  if (path === '/sign-in') return { local: true, providers: [{ id: 'yun', title: '政务统一身份' }] }
  if (path === '/sessions' && method === 'POST') return { cookie: 'mock=1', expires_at: now(), must_change_password: false, person }
  if (path === '/sessions/current') return null
  if (!signedIn) return { status: 401, code: 'unauthenticated', title: '请先登录', detail: '请先登录' }
  if (path === '/me') return me
  if (path === '/plans') return list([plan])
  if (path === '/metrics/platform') return list([{ name: 'chain.open_rows', title: { zh: '公共数据开放条数', en: 'Open data rows' }, unit: '万条' }])
  if (path === '/units') return list(units)
  if (path === '/people') return list([{ ...person, state: 'active', roles: me.roles, created_at: now(), last_sign_in_at: now(), version: 1 }])
  if (path === '/audit') return list([{ id: 'fact_1', seq: 1, kind: 'measure.updated', kind_title: { zh: '更新举措进展', en: 'Measure progress updated' }, log: 'material', subject: query.get('subject'), actor: person, at: now(), body: { state: 'under_way', state_note: '已完成年度节点' }, erased: false }])
  if (parts[0] === 'units' && parts[1]) return at(units, parts[1])
  if (parts[0] === 'plans' && parts[1]) {
    if (!parts[2]) return { ...plan, layers, programmes, goals, pattern: bundle.pattern }
    if (parts[2] === 'measures') return list(measures)
    if (parts[2] === 'indicators') return list(indicators)
    if (parts[2] === 'overview') return { plan, pattern: bundle.pattern, layers: layers.map((layer) => ({ ...layer, programmes: programmes.filter((one) => one.layer === layer.code) })), indicators, attention, units: units.map((unit) => ({ id: unit.id, name: unit.name, measure_count: 3, indicator_count: 0, has_reporter: false })) }
    if (parts[2] === 'compare') return { base: plan, other: plan, measures: { added: [{ number: 49, title: '建设城市算力调度平台' }], dropped: [{ number: 27, title: '强化赛事链接交流' }], changed: [{ number: 16, title: '持续推进智能工厂建设', fields: [{ field: 'units', before: ['经委'], after: ['经委', '科委'] }, { field: 'summary.zh', before: '甲', after: '乙' }] }], unchanged: 45 }, indicators: { added: [], dropped: [], changed: [{ number: 4, title: '智能工厂', fields: [{ field: 'targets', before: [{ year: 2024, value: 50 }], after: [{ year: 2024, value: 55 }] }] }], unchanged: 9 } }
    if (parts[2] === 'import' || parts[1] === 'import') return query.get('mode') === 'apply' ? plan : { ok: false, errors: [{ sheet: '举措', row: 12, column: 'C', code: 'unknown_unit', detail: { zh: '没有「经信委」这个单位;是不是「经委」?', en: 'No unit “经信委”; did you mean “经委”?' } }], changes: null }
  }
  if (parts[0] === 'measures') {
    const found = at(measures, parts[1])
    if (parts[2] === 'files') return list([{ id: 'file_1', name: '进展佐证.pdf', media_type: 'application/pdf', size_bytes: 184320, sha256: '', created_at: now(), created_by: person.id }])
    if (found && method === 'PATCH') Object.assign(found, body, { state_at: now(), version: found.version + 1 })
    return found
  }
  if (parts[0] === 'indicators') {
    const found = at(indicators, parts[1])
    if (parts[2] === 'files') return list([])
    if (parts[2] === 'values' && method === 'POST') {
      const value = { id: `val_${Date.now()}`, at: body.at, value: body.value, period: body.period ?? (found.nature === 'flow' ? (body.at.endsWith('12-31') ? 'annual' : 'ytd') : 'point'), note: body.note ?? null, source: 'manual', revision: 1, superseded: false, recorded_at: now(), recorded_by: person, fact_id: `fact_${Date.now()}` }
      values[found.id].push(value)
      return { status: 201, ...value }
    }
    if (parts[2] === 'values') return list(values[found.id])
    if (found && method === 'PATCH') Object.assign(found, body, { version: found.version + 1 })
    return found
  }
  return undefined
}

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const types = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

createServer((request, response) => {
  const url = new URL(request.url, 'http://x')
  if (!url.pathname.startsWith('/api/v1')) {
    const file = join(dist, url.pathname)
    const found = existsSync(file) && statSync(file).isFile() ? file : join(dist, 'index.html')
    response.writeHead(200, { 'Content-Type': types[found.split('.').pop()] ?? 'application/octet-stream', 'Content-Security-Policy': csp })
    return response.end(readFileSync(found))
  }
  let text = ''
  request.on('data', (chunk) => (text += chunk))
  request.on('end', () => {
    let body = {}
    try {
      body = JSON.parse(text)
    } catch {
      // Bytes or nothing.
    }
    const result = answer(request.method, url.pathname.slice('/api/v1'.length), url.searchParams, body, /mock=1/.test(request.headers.cookie ?? ''))
    const status = result === undefined ? 404 : result === null ? 204 : typeof result.status === 'number' ? result.status : 200
    response.writeHead(status, { 'Content-Type': 'application/json', ...(result?.cookie && { 'Set-Cookie': `${result.cookie}; HttpOnly; SameSite=Strict; Path=/` }) })
    response.end(result === null ? undefined : JSON.stringify(result ?? { code: 'not_found', title: '没有找到', detail: '没有找到' }))
  })
}).listen(Number(process.argv[2] ?? 0), '127.0.0.1', function () {
  console.log(`http://127.0.0.1:${this.address().port}`)
})
