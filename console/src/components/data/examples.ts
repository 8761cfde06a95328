/** Lines that fetch a dataset from elsewhere, ready to be pasted; every name in them is the dataset's own. */
import type { DataField } from '@/api/types'
import { t } from '@/i18n'
import { hasPlaces } from './formats'
import { quoted } from './filters'

export const LANGUAGES = ['curl', 'python', 'r', 'javascript'] as const
export type Language = (typeof LANGUAGES)[number]
export const TASKS = ['all', 'some', 'sql', 'parquet'] as const
export type Task = (typeof TASKS)[number]

export interface About {
  /** The node's own address, without a slash at its end. */
  base: string
  id: string
  code: string
  fields: Pick<DataField, 'name' | 'type' | 'title' | 'role'>[]
  /** A value that occurs in the field `sampleField`, so that the example finds something. */
  sample?: { field: string; value: string } | null
}

/** A condition that means something for the dataset. */
export function conditionOf(about: About): string {
  if (about.sample) return `${about.sample.field}:eq:${about.sample.value}`
  const of = (...types: DataField['type'][]) => about.fields.find((one) => types.includes(one.type))
  const [number, time, any] = [of('integer', 'number'), of('date', 'datetime'), about.fields[0]]
  if (number) return `${number.name}:ge:0`
  return time ? `${time.name}:ge:2000-01-01` : any?.type === 'boolean' ? `${any.name}:eq:true` : `${any?.name ?? ''}:ne:0`
}
function selectOf(about: About): string {
  const group = about.sample ? about.sample.field : about.fields.find((one) => one.type === 'text')?.name
  return group ? `SELECT ${quoted(group)}, count(*) AS n FROM ${quoted(about.code)} GROUP BY 1 ORDER BY n DESC LIMIT 20` : `SELECT count(*) AS n FROM ${quoted(about.code)}`
}
/** Inside single quotes of a shell. */
const shell = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
/** Inside double quotes of Python, R and JavaScript alike. */
const string = (text: string) => JSON.stringify(text)

/** A value of some rows that is short and plain enough to stand in a line of code; one that occurs often, if there is one. */
export function sampleOf(fields: About['fields'], rows: Record<string, unknown>[]): About['sample'] {
  let [found, best]: [About['sample'], number] = [null, 0]
  for (const field of fields.filter((one) => one.type === 'text')) {
    const counts = new Map<string, number>()
    for (const row of rows) {
      const value = String(row[field.name] ?? '')
      if (/^[\p{L}\p{N}._-]{1,20}$/u.test(value)) counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    // A field with one value only tells nothing; a group's name is better than a code.
    const groups = counts.size > 1 || rows.length < 2
    for (const [value, n] of counts) {
      const worth = (groups ? n : 0.5) + (/\p{Script=Han}/u.test(value) ? 0.25 : 0)
      if (worth > best) [found, best] = [{ field: field.name, value }, worth]
    }
  }
  return found
}

/** What has to be there before the lines run. */
export function needsOf(language: Language, task: Task): string {
  if (language === 'python') return { all: 'pandas', some: '', sql: '', parquet: 'pandas, pyarrow' }[task]
  if (language === 'r') return { all: '', some: 'jsonlite', sql: 'httr2', parquet: 'httr2, arrow' }[task]
  return language === 'javascript' ? 'Node 18+' : ''
}

export function exampleOf(language: Language, task: Task, about: About): string {
  return { curl, python, r, javascript }[language](task, about)
}

function curl(task: Task, about: About): string {
  const dataset = `${about.base}/api/v1/datasets/${about.code}`
  switch (task) {
    case 'all':
      return [`# ${t('example.all')}`, `curl -o ${about.code}.csv ${shell(`${dataset}/export/csv`)}`, ...(hasPlaces(about.fields as DataField[]) ? [`curl -o ${about.code}.geojson ${shell(`${dataset}/export/geojson`)}`] : [])].join('\n')
    case 'some':
      return [`# ${t('example.some')}`, `curl -G ${shell(`${dataset}/rows`)} \\`, `  --data-urlencode ${shell(`filter=${conditionOf(about)}`)} \\`, `  -d limit=10 -d count=true`].join('\n')
    case 'sql':
      return [`# ${t('example.sql')}`, `curl ${shell(`${about.base}/api/v1/sql`)} -H 'Content-Type: application/json' -H 'Accept: text/csv' \\`, `  -d ${shell(JSON.stringify({ sql: selectOf(about) }))}`].join('\n')
    default:
      return [`# ${t('example.parquet')}`, `link=$(curl -s ${shell(`${about.base}/api/v1/datasets/${about.id}/file-links`)} -H 'Content-Type: application/json' -d '{}' | sed 's/.*"path":"\\([^"]*\\)".*/\\1/')`, `curl -o ${about.code}.parquet "${about.base}$link"`].join('\n')
  }
}

function python(task: Task, about: About): string {
  const base = `base = ${string(`${about.base}/api/v1`)}`
  switch (task) {
    case 'all': {
      const codes = about.fields.filter((one) => one.type === 'text').map((one) => `${string(one.title)}: str`)
      const types = codes.length ? `, dtype={${codes.join(', ')}}` : ''
      return ['import pandas as pd', '', base, `# ${t('example.all')}`, `df = pd.read_csv(f"{base}/datasets/${about.code}/export/csv"${types})`, 'print(df.head())'].join('\n')
    }
    case 'some':
      return ['import json, urllib.parse, urllib.request', '', base, `# ${t('example.pages')}`, `query = {"filter": ${string(conditionOf(about))}, "limit": 1000}`, 'rows = []', 'while True:', `    url = f"{base}/datasets/${about.code}/rows?" + urllib.parse.urlencode(query)`, '    page = json.load(urllib.request.urlopen(url))', '    rows += page["items"]', '    if page["next_cursor"] is None:', '        break', '    query["cursor"] = page["next_cursor"]', 'print(len(rows), rows[:1])'].join('\n')
    case 'sql':
      return ['import json, urllib.request', '', base, `# ${t('example.sql')}`, `sql = ${string(selectOf(about))}`, 'request = urllib.request.Request(', '    f"{base}/sql",', '    data=json.dumps({"sql": sql}).encode(),', '    headers={"Content-Type": "application/json"},', ')', 'answer = json.load(urllib.request.urlopen(request))', 'for row in answer["rows"]:', '    print(row)'].join('\n')
    default:
      return ['import json, urllib.request', 'import pandas as pd', '', base, `# ${t('example.parquet')}`, 'request = urllib.request.Request(', `    f"{base}/datasets/${about.id}/file-links",`, '    data=b"{}",', '    headers={"Content-Type": "application/json"},', ')', 'link = json.load(urllib.request.urlopen(request))', `url = ${string(about.base)} + link["path"]`, 'df = pd.read_parquet(url)', 'print(df.head())', `# ${t('example.duckdb')}`, '# duckdb.sql(f"SELECT * FROM read_parquet(\'{url}\')")'].join('\n')
  }
}

function r(task: Task, about: About): string {
  const base = `base <- ${string(`${about.base}/api/v1`)}`
  switch (task) {
    case 'all': {
      // Codes keep their zeros.
      const codes = about.fields.filter((one) => one.type === 'text').map((one) => `${string(one.title)} = "character"`)
      const types = codes.length ? [',', `               colClasses = c(${codes.join(', ')}))`].join('\n') : ')'
      return [base, `# ${t('example.all')}`, `df <- read.csv(paste0(base, "/datasets/${about.code}/export/csv"),`, `               fileEncoding = "UTF-8-BOM", check.names = FALSE${types}`, 'head(df)'].join('\n')
    }
    case 'some':
      return ['library(jsonlite)', '', base, `# ${t('example.some')}`, `filter <- URLencode(${string(conditionOf(about))}, reserved = TRUE)`, `page <- fromJSON(paste0(base, "/datasets/${about.code}/rows?limit=1000&filter=", filter))`, 'head(page$items)'].join('\n')
    case 'sql':
      return ['library(httr2)', '', base, `# ${t('example.sql')}`, `sql <- ${string(selectOf(about))}`, 'answer <- request(paste0(base, "/sql")) |>', '  req_body_json(list(sql = sql)) |>', '  req_perform() |>', '  resp_body_json(simplifyVector = TRUE)', 'answer$rows'].join('\n')
    default:
      return ['library(httr2)', 'library(arrow)', '', base, `# ${t('example.parquet')}`, `link <- request(paste0(base, "/datasets/${about.id}/file-links")) |>`, '  req_body_raw("{}", "application/json") |>', '  req_perform() |>', '  resp_body_json()', `file <- tempfile(fileext = ".parquet")`, `download.file(paste0(${string(about.base)}, link$path), file, mode = "wb")`, 'head(read_parquet(file))'].join('\n')
  }
}

function javascript(task: Task, about: About): string {
  const base = `const base = ${string(`${about.base}/api/v1`)}`
  switch (task) {
    case 'all':
      return [base, `// ${t('example.all')}`, `const rows = await (await fetch(\`\${base}/datasets/${about.code}/export/json\`)).json()`, 'console.log(rows.length, rows[0])'].join('\n')
    case 'some':
      return [base, `// ${t('example.some')}`, `const query = new URLSearchParams({ filter: ${string(conditionOf(about))}, limit: '10', count: 'true' })`, `const page = await (await fetch(\`\${base}/datasets/${about.code}/rows?\${query}\`)).json()`, 'console.log(page.total, page.items)'].join('\n')
    case 'sql':
      return [base, `// ${t('example.sql')}`, 'const answer = await fetch(`${base}/sql`, {', "  method: 'POST',", "  headers: { 'Content-Type': 'application/json' },", `  body: JSON.stringify({ sql: ${string(selectOf(about))} }),`, '})', 'console.table((await answer.json()).rows)'].join('\n')
    default:
      return [base, `// ${t('example.parquet')}`, `const made = await fetch(\`\${base}/datasets/${about.id}/file-links\`, {`, "  method: 'POST',", "  headers: { 'Content-Type': 'application/json' },", "  body: '{}',", '})', 'const { path, size_bytes } = await made.json()', `const file = await (await fetch(${string(about.base)} + path)).arrayBuffer()`, 'console.log(size_bytes, file.byteLength)'].join('\n')
  }
}
