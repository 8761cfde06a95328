import { describe, expect, it } from 'vitest'
import { fitted, gridOf, isPlace, project, scaleBar, unproject, zoomed } from '@/components/data/map/geo'
import { cellText, looksLikeYears } from '@/components/data/cells'
import { correlation, pictureOfGroups, timeSteps } from '@/components/data/chart/picture'
import { type ChartField, fromText, offered, settled, statementOf, stepsOf, toText } from '@/components/data/chart/spec'
import { type About, exampleOf, LANGUAGES, sampleOf, TASKS } from '@/components/data/examples'
import { faultOf, fromText as filterOf, rowsQuery, toText as filterText, whereOf } from '@/components/data/filters'

const field = (name: string, type: ChartField['type'], more: Partial<ChartField> = {}): ChartField => ({ name, type, title: name, unit: '', key: false, unique: false, role: 'plain', ...more })
const fields = [field('town', 'text'), field('area', 'number'), field('rooms', 'integer'), field('opened', 'date'), field('at', 'datetime')]

describe('conditions', () => {
  it('stand in an address and come back, colons and all', () => {
    const filter = { field: 'town', comparison: 'contains' as const, value: '12:30 东' }
    expect(filterOf(filterText(filter))).toEqual(filter)
    expect(filterOf('town:resembles:x')).toBeNull()
    expect(filterOf('')).toBeNull()
  })

  it('become SQL that a value cannot leave', () => {
    const asked = { words: '', filters: [{ field: 'town', comparison: 'eq' as const, value: `x' OR '1'='1` }] }
    expect(whereOf(asked, fields)).toBe(`"town" = 'x'' OR ''1''=''1'`)
    expect(whereOf({ words: '', filters: [{ field: 'area', comparison: 'ge', value: '1; DROP' }] }, fields)).toBe(`"area" >= '1; DROP'`)
    expect(whereOf({ words: '', filters: [{ field: 'gone', comparison: 'eq', value: '1' }] }, fields)).toBe('')
    expect(whereOf({ words: "O'", filters: [] }, fields)).toBe(`(strpos("town", 'O''') > 0)`)
  })

  it('become the query of the rows API', () => {
    const query = rowsQuery({ words: ' 公园 ', filters: [{ field: 'area', comparison: 'ge', value: '5' }] }, { sort: '-area', version: null, cursor: '' })
    expect([...new URLSearchParams(query)]).toEqual([['q', '公园'], ['filter', 'area:ge:5'], ['sort', '-area']])
  })

  it.each([
    ['integer', 'ge', '1.5', 'number'],
    ['integer', 'in', '1, 2', null],
    ['number', 'ge', '1e3', null],
    ['date', 'ge', '2024-6-1', 'date'],
    ['datetime', 'ge', '2024-06-30 08:00', null],
    ['text', 'contains', '  ', 'empty'],
    ['text', 'missing', '', null],
  ] as const)('%s %s “%s”: %s', (type, comparison, value, fault) => expect(faultOf(type, comparison, value)).toBe(fault))
})

describe('charts', () => {
  it('stand in an address and come back', () => {
    const spec = settled({ kind: 'line', x: 'at', bucket: 'hour_of_day', measure: 'avg', y: 'area', split: 'town' }, fields)
    expect(spec && fromText(toText(spec))).toEqual(spec)
    expect(fromText('pie.town.none.count..')).toBeNull()
  })

  it('are settled with fields that are there', () => {
    expect(settled({ kind: 'bar', x: 'gone', bucket: 'none', measure: 'avg', y: 'town', split: 'gone' }, fields)).toEqual({ kind: 'bar', x: 'town', bucket: 'none', measure: 'avg', y: 'area', split: '' })
    expect(settled({ kind: 'scatter', x: '', bucket: 'none', measure: 'count', y: '', split: '' }, [field('n', 'integer')])).toBeNull()
    expect(settled({ kind: 'histogram', x: '', bucket: 'none', measure: 'count', y: '', split: '' }, [field('t', 'text')])).toBeNull()
  })

  it('are one statement each', () => {
    const spec = settled({ kind: 'line', x: 'opened', bucket: 'month', measure: 'avg', y: 'area', split: '' }, fields)
    expect(spec && statementOf(spec, 'parks', '"rooms" > 1')).toBe(`SELECT date_trunc('month', "opened") AS x, avg("area") AS y FROM "parks" WHERE "rooms" > 1 GROUP BY 1 ORDER BY 1 LIMIT 5000`)
  })

  it('show a month without rows as one', () => {
    expect(timeSteps('2024-11', '2025-02', 'month')).toEqual(['2024-11', '2024-12', '2025-01', '2025-02'])
    expect(timeSteps('2024-02-28', '2024-03-01', 'day')).toEqual(['2024-02-28', '2024-02-29', '2024-03-01'])
    const spec = { kind: 'line' as const, x: 'opened', bucket: 'month' as const, measure: 'avg' as const, y: 'area', split: '' }
    const picture = pictureOfGroups(spec, fields, [{ x: '2024-01-01T00:00:00', y: 2 }, { x: '2024-03-01T00:00:00', y: 4 }, { x: null, y: 9 }], false)
    expect(picture.plot.categories).toEqual(['2024-01', '2024-02', '2024-03'])
    expect(picture.plot.series[0]?.values).toEqual([2, null, 4])
    expect(picture.notes).toHaveLength(1)
  })

  it('fold what is left over only where sums add up', () => {
    const rows = Array.from({ length: 9 }, (_, i) => ({ x: '甲', s: `镇 ${i}`, y: i + 1 }))
    const of = (measure: 'count' | 'avg') => pictureOfGroups({ kind: 'bar', x: 'town', bucket: 'none', measure, y: measure === 'count' ? '' : 'area', split: 'rooms' }, fields, rows, false)
    expect(of('count').plot.series.at(-1)).toEqual({ name: '其他 3 项', values: [6] })
    expect(of('avg').plot.series).toHaveLength(6)
    expect(of('avg').notes).toHaveLength(1)
  })

  it('choose round steps', () => {
    expect(stepsOf(0, 994, true)).toEqual({ from: 0, step: 50, count: 20 })
    expect(stepsOf(3, 3, true)).toEqual({ from: 3, step: 1, count: 1 })
    expect(stepsOf(-0.3, 0.3, false).step).toBeCloseTo(0.05)
  })

  it('say how closely two numbers go together', () => {
    expect(correlation([[1, 2], [2, 4], [3, 6]])).toBeCloseTo(1)
    expect(correlation([[1, 2], [1, 4], [1, 6]])).toBeNull()
  })

  it('offer what the fields allow', () => {
    const offers = offered(fields, { n_town: 11, from_opened: '2010-01-01', to_opened: '2024-01-01' })
    expect(offers.map((one) => one.kind)).toEqual(['line', 'bar', 'bar', 'histogram', 'scatter'])
    expect(offers[0]?.bucket).toBe('year')
    expect(offered([field('code', 'text')], {})).toHaveLength(1)
  })
})

describe('the map', () => {
  const frame = { width: 800, height: 400 }
  it('finds its way there and back', () => {
    const spot = { lon: 121.12, lat: 31.15 }
    const { x, y } = project(spot)
    expect(unproject(x, y).lon).toBeCloseTo(spot.lon)
    expect(unproject(x, y).lat).toBeCloseTo(spot.lat)
  })

  it('fits places and is not spoilt by a wrong digit', () => {
    const near = Array.from({ length: 200 }, (_, i) => ({ lon: 121 + i / 1000, lat: 31 + i / 2000 }))
    const good = fitted(near, frame)
    const spoilt = fitted([...near, { lon: 12.1, lat: 31 }], frame)
    expect(spoilt.scale / good.scale).toBeGreaterThan(0.8)
  })

  it('keeps what is under the pointer while it zooms', () => {
    const view = fitted([{ lon: 121, lat: 31 }, { lon: 121.2, lat: 31.2 }], frame)
    const at = project({ lon: 121.05, lat: 31.1 })
    const px = (at.x - view.x) * view.scale + 400
    const py = (at.y - view.y) * view.scale + 200
    const after = zoomed(view, frame, 2, px, py)
    expect((at.x - after.x) * after.scale + 400).toBeCloseTo(px)
    expect((at.y - after.y) * after.scale + 200).toBeCloseTo(py)
  })

  it('rules some lines and a round length', () => {
    const view = fitted([{ lon: 121, lat: 31 }, { lon: 121.2, lat: 31.2 }], frame)
    expect(gridOf(view, frame).lon.length).toBeGreaterThan(1)
    expect([1, 2, 5]).toContain(Number(String(scaleBar(view).metres)[0]))
    expect(isPlace('', '31')).toBe(false)
    expect(isPlace(121, 131)).toBe(false)
  })
})

describe('cells', () => {
  it('read as people write', () => {
    expect(cellText(null, 'text')).toBeNull()
    expect(cellText(12345.5, 'number')).toBe('12,345.5')
    expect(cellText('310118', 'text')).toBe('310118')
    expect(cellText('2024-06-30T08:00:00', 'timestamp')).toBe('2024-06-30 08:00')
    expect(looksLikeYears([2010, 2014, null])).toBe(true)
    expect(looksLikeYears([2010, 43_824])).toBe(false)
  })
})

describe('examples', () => {
  const about: About = { base: 'https://node.example.cn', id: 'dataset_1', code: 'parks', fields: [{ ...field('town', 'text') }, { ...field('area', 'number') }] }
  it.each(LANGUAGES.flatMap((language) => TASKS.map((task) => [language, task] as const)))('%s %s names the node and the dataset', (language, task) => {
    const code = exampleOf(language, task, about)
    expect(code).toContain('https://node.example.cn')
    expect(code).toMatch(/parks|dataset_1/)
    expect(code).not.toMatch(/undefined|\[object/)
  })

  it('use a value that occurs, and only a plain one', () => {
    expect(sampleOf(about.fields, [{ town: '朱家角镇', area: 3 }])).toEqual({ field: 'town', value: '朱家角镇' })
    expect(sampleOf(about.fields, [{ town: `"; rm -rf ~`, area: 3 }])).toBeNull()
    const named = [field('id', 'text'), field('town', 'text'), field('kind', 'text')]
    const rows = ['甲镇', '乙镇', '乙镇'].map((town, i) => ({ id: `P${i}`, town, kind: '公园' }))
    expect(sampleOf(named, rows)).toEqual({ field: 'town', value: '乙镇' })
    const code = exampleOf('curl', 'some', { ...about, sample: { field: 'town', value: '朱家角镇' } })
    expect(code).toContain("'filter=town:eq:朱家角镇'")
  })
})
