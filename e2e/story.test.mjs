// The story of the outcome: sign in, look, record, give an account, correct the plan, prove it.
import { after, before, describe, it } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate'
import { admin, base, reader, script, signIn, withBrowser } from './support.mjs'

withBrowser()

// Somebody outside: pins the keys and keeps the checkpoints before the story begins.
const outside = { folder: '', verify: (keys = 'keys') => run(process.env.TIANYUAN_BIN ?? '../target/debug/tianyuan', ['verify', base, '--keys', join(outside.folder, keys), '--seen', join(outside.folder, 'seen')]) }
const run = promisify(execFile)
before(async () => {
  outside.folder = await mkdtemp(join(tmpdir(), 'tianyuan-outside-'))
  const keys = await (await fetch(`${base}/ledger/keys`)).text()
  await writeFile(join(outside.folder, 'keys'), keys)
  await writeFile(join(outside.folder, 'other-keys'), keys.replace(/^(\S+)\/material\+.*$/m, ''))
  assert.equal((await outside.verify()).stdout.match(/✓/g)?.length, 5)
})
after(() => rm(outside.folder, { recursive: true, force: true }))

describe('signing in', () => {
  it('refuses a wrong password in plain words and leads back to where one was going', async () => {
    const { page, quiet, close } = await reader()
    await page.goto('/measures?state=done')
    await page.waitForURL(/\/sign-in\?return=/)
    await page.getByLabel('用户名').fill('admin')
    await page.getByLabel('密码', { exact: true }).fill('不是这个密码')
    await page.getByRole('button', { name: '登录', exact: true }).click()
    await page.getByRole('alert').getByText('用户名或密码').waitFor()
    await page.getByLabel('密码', { exact: true }).fill(admin.password)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/measures\?state=done/)
    quiet([/401/])
    await close()
  })
})

describe('the plan', () => {
  it('shows the trunk at a glance', async () => {
    const { page, quiet, close } = await reader()
    await signIn(page)
    await page.getByRole('heading', { level: 1, name: '数字干线总览' }).waitFor()
    await page.getByRole('button', { name: /青浦新城/ }).press('Enter')
    await page.getByRole('link', { name: /34 持续推动新城5F数字之城建设/ }).waitFor()
    for (const name of ['平台层专项行动', '应用层专项行动', '基础层专项行动']) await page.getByRole('heading', { name }).waitFor()
    assert.equal(await page.getByRole('region', { name: '指标' }).locator('tbody tr').count(), 10)
    quiet()
    await close()
  })

  it('holds every measure, unit and indicator, each with its page', async () => {
    const { page, quiet, close } = await reader()
    await signIn(page)
    await page.goto('/measures')
    await page.getByText('共 48 条').waitFor()
    await page.getByRole('link', { name: '搭建数智融合的高质量数据基础设施' }).click()
    await page.getByRole('heading', { level: 1, name: /^29 / }).waitFor()
    await page.getByRole('link', { name: '数据局' }).click()
    await page.getByRole('heading', { level: 1, name: '数据局' }).waitFor()
    await page.getByRole('link', { name: '10 公共数据开放规模' }).click()
    await page.getByRole('heading', { level: 1, name: '公共数据开放规模' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: '数据局' }).waitFor()
    await page.goto('/plan')
    await page.getByRole('button', { name: '全部展开' }).click()
    assert.equal(await page.locator('.measures li').count(), 48)
    await page.goto('/units')
    await page.getByText('共 45 条').waitFor()
    quiet()
    await close()
  })

  it('is found by pinyin from the keyboard', async () => {
    const { page, quiet, close } = await reader()
    await signIn(page)
    await page.keyboard.press('Control+k')
    const box = page.getByRole('combobox', { name: '查找' })
    await box.fill('dzjtdlfz')
    await box.fill('sjj')
    await page.getByRole('option', { name: /数据局/ }).waitFor()
    // 数据集 has the same initials.
    await box.fill('shujuju')
    await page.getByRole('option', { name: /数据局/ }).waitFor()
    await page.getByRole('option', { name: /数据集/ }).waitFor({ state: 'detached' })
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: '数据局' }).waitFor()
    quiet()
    await close()
  })
})

describe('a value', () => {
  it('is recorded with a Chinese note, asked where it is from, and its receipt verifies here', async () => {
    const { page, quiet, close } = await reader()
    const api = await script()
    await signIn(page)
    await page.goto(`/indicators/${(await api.indicator(1)).id}`)
    await page.getByLabel('日期').fill('2024-12-31')
    await page.getByLabel('数值', { exact: false }).first().fill('２３９０.5')
    await page.getByLabel('说明').fill('统计局快报，含规上与规下')
    await page.getByRole('button', { name: '填报新数' }).click()
    await page.getByText('已记录 2,390.5 亿元').waitFor()
    // The sample's own report stands for the same day; this is its revision.
    const row = page.getByRole('row').filter({ hasText: '2024年12月31日' }).filter({ hasText: '2,390.5' })
    await row.getByRole('button', { name: /这个数从哪来/ }).click()
    const answer = page.locator('.el-popper').filter({ hasText: '统计局快报' })
    await answer.getByText('人工填报').waitFor()
    await verified(answer)
    quiet([/409/])
    await close()
  })

  it('of a year to date stays off the line of full years', async () => {
    const { page, quiet, close } = await reader()
    const api = await script()
    const { id } = await api.indicator(5)
    await api.call('POST', `/indicators/${id}/values`, { at: '2024-06-30', value: 141.2 }, { 'idempotency-key': 'half-year-2024' })
    await signIn(page)
    await page.goto(`/indicators/${id}`)
    await page.getByRole('heading', { name: '年内累计' }).waitFor()
    const tables = page.getByRole('button', { name: '看数据表' })
    await tables.first().click()
    const path = page.getByRole('region', { name: '从基期到目标' })
    await path.waitFor()
    assert.ok(!(await path.innerText()).includes('141.2'))
    quiet()
    await close()
  })
})

/** Presses the button until the fact is in its ledger, then waits for the good word. */
async function verified(place) {
  for (let turn = 0; turn < 20; turn += 1) {
    const button = place.getByRole('button', { name: '核验凭证' })
    if (await button.count()) await button.first().click()
    const done = place.getByText('核验通过')
    if (await done.first().waitFor({ timeout: 1000 }).then(() => true, () => false)) return
  }
  assert.fail(`the receipt did not verify: ${await place.innerText()}`)
}

describe('a reporter', () => {
  it('gets an account, must change the password, reports for the own unit and for no other', async () => {
    const office = await reader()
    await signIn(office.page)
    await office.page.goto('/people?add=1')
    await office.page.getByLabel('姓名').fill('数据局填报人')
    await office.page.getByLabel('用户名').fill('shuju-reporter')
    await office.page.getByLabel('单位', { exact: true }).first().selectOption({ label: '数据局' })
    await office.page.getByRole('button', { name: '开设账号' }).click()
    await office.page.getByRole('heading', { name: '数据局填报人 的初始密码' }).waitFor()
    const first = await office.page.locator('.secret').innerText()
    office.quiet()
    await office.close()

    const { page, quiet, close } = await reader()
    await signIn(page, { username: 'shuju-reporter', password: first })
    await page.waitForURL(/\/first-password/)
    await page.goto('/measures')
    await page.waitForURL(/\/first-password/)
    await page.getByLabel('现在的密码').fill(first)
    await page.getByLabel('新密码', { exact: true }).fill('淀山湖上的一千只白鹭')
    await page.getByLabel('再输一遍新密码').fill('淀山湖上的一千只白鹭')
    await page.getByRole('button', { name: '保存并继续' }).click()
    await page.waitForURL((url) => url.pathname === '/measures')

    const api = await script()
    const own = await api.measure(13)
    const other = await api.measure(17)
    await page.goto(`/measures/${own.id}`)
    await page.getByRole('complementary').getByText('推进中', { exact: true }).click()
    await page.getByLabel('进展说明').fill('示范区 5G 重点区域已连续覆盖')
    await page.getByRole('button', { name: '报送进展' }).click()
    await page.getByText('进展已保存').waitFor()
    await page.goto(`/measures/${other.id}`)
    await page.getByText('只有责任单位和方案办公室可以报送进展').waitFor()
    assert.equal(await page.getByRole('button', { name: '报送进展' }).count(), 0)
    const reporter = await script({ username: 'shuju-reporter', password: '淀山湖上的一千只白鹭' })
    const refused = await reporter.call('PATCH', `/measures/${other.id}`, { state: 'done', state_note: '' }, { 'if-match': `"${other.version}"` })
    assert.equal(refused.status, 403)
    quiet()
    await close()
  })
})

describe('a corrected workbook', () => {
  const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
  const edited = (bytes, from, to) => {
    const files = unzipSync(new Uint8Array(bytes))
    let changed = 0
    for (const [name, content] of Object.entries(files)) {
      if (!name.endsWith('.xml')) continue
      const text = strFromU8(content)
      if (!text.includes(from)) continue
      changed += 1
      files[name] = strToU8(text.replace(from, to))
    }
    assert.ok(changed > 0, `the workbook has ${from}`)
    return Buffer.from(zipSync(files))
  }

  it('is checked cell by cell, previewed and imported whole; a wrong one changes nothing', async () => {
    const { page, quiet, close } = await reader()
    const api = await script()
    const workbook = await (await api.call('GET', `/plans/${api.plan.id}/workbook.xlsx`)).arrayBuffer()
    await signIn(page)
    await page.goto('/plans/import')
    const chooser = page.locator('input[type=file]')
    await chooser.setInputFiles({ name: '写错了.xlsx', mimeType: XLSX, buffer: edited(workbook, '、经委', '、经信委') })
    await page.getByRole('heading', { name: /处需要修改/ }).waitFor()
    await page.getByRole('row').filter({ hasText: '经信委' }).first().waitFor()
    await chooser.setInputFiles({ name: '修订.xlsx', mimeType: XLSX, buffer: edited(workbook, '深化产业链招商', '深化产业链与算力链招商') })
    await page.getByText('检查通过').waitFor()
    await page.getByText('23 深化产业链').first().waitFor()
    await page.getByRole('button', { name: '导入', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: '导入', exact: true }).click()
    await page.getByText('已导入').waitFor()
    await page.waitForURL(/\/plan\?plan=/)
    assert.equal((await api.measure(23)).title, '深化产业链与算力链招商')
    quiet([/422/])
    await close()
  })
})

describe('the audit', () => {
  it('verifies a row’s receipt in the browser, and notices another key', async () => {
    const { page, quiet, close } = await reader()
    await signIn(page)
    await page.goto('/audit')
    const row = page.getByRole('row').filter({ hasText: '填报数值' }).first()
    await verified(row)
    await page.evaluate(() => {
      const pins = JSON.parse(localStorage.getItem('tianyuan.pins'))
      for (const origin of Object.keys(pins)) pins[origin] = []
      localStorage.setItem('tianyuan.pins', JSON.stringify(pins))
    })
    await page.goto('/ledgers')
    await page.getByRole('button', { name: '记住这个密钥' }).first().click()
    await page.getByText('与节点现在给出的一致').first().waitFor()
    quiet([/409/])
    await close()
  })

  it('answers who may do what, and by which policy', async () => {
    const { page, quiet, close } = await reader()
    await signIn(page)
    await page.goto('/may')
    await page.getByLabel('代表单位').selectOption({ label: '经委' })
    await page.getByLabel('哪一条').selectOption({ label: '4 智能工厂(车间、生产线、仓储)' })
    await page.getByRole('button', { name: '问一下' }).click()
    await page.getByText('可以', { exact: true }).waitFor()
    await page.getByLabel('代表单位').selectOption({ label: '科委' })
    await page.getByRole('button', { name: '问一下' }).click()
    await page.getByText('不可以', { exact: true }).waitFor()
    quiet()
    await close()
  })
})

describe('nothing is lost', () => {
  it('keeps a draft through a lost connection and a reload, and acts once', async () => {
    const { page, context, quiet, close } = await reader()
    const api = await script()
    const { id } = await api.indicator(8)
    await signIn(page)
    await page.goto(`/indicators/${id}`)
    await page.getByLabel('日期').fill('2024-06-30')
    await page.getByLabel('数值', { exact: false }).first().fill('238')
    await context.setOffline(true)
    await page.getByRole('button', { name: '填报新数' }).click()
    await page.getByText('网络已断开。内容已存为草稿').waitFor()
    await context.setOffline(false)
    await page.reload()
    await page.getByText('未提交的草稿').waitFor()
    assert.equal(await page.getByLabel('数值', { exact: false }).first().inputValue(), '238')
    await page.getByRole('button', { name: '填报新数' }).click()
    await page.getByText('已记录 238 Mbps').waitFor()
    const values = (await api.get(`/indicators/${id}/values`)).items
    assert.equal(values.filter((one) => one.at === '2024-06-30').length, 1)
    quiet([/ERR_INTERNET_DISCONNECTED/])
    await close()
  })

  it('shows two people’s changes side by side', async () => {
    const { page, quiet, close } = await reader()
    const api = await script()
    const measure = await api.measure(20)
    await signIn(page)
    await page.goto(`/measures/${measure.id}`)
    await page.getByLabel('进展说明').fill('我写的')
    const first = await api.call('PATCH', `/measures/${measure.id}`, { state: 'under_way', state_note: '别人写的' }, { 'if-match': `"${measure.version}"` })
    assert.equal(first.status, 200)
    await page.getByRole('button', { name: '报送进展' }).click()
    const conflict = page.getByRole('alert').filter({ hasText: '有人先改了这条记录' })
    await conflict.getByText('别人写的').waitFor()
    await conflict.getByText('我写的').waitFor()
    await page.getByRole('button', { name: '用我填写的覆盖' }).click()
    await page.getByText('进展已保存').waitFor()
    assert.equal((await api.measure(20)).state_note, '我写的')
    quiet([/412/])
    await close()
  })
})

describe('from outside', () => {
  it('all of that is in the ledgers, and nothing seen before was changed', async () => {
    const { stdout } = await outside.verify()
    assert.equal(stdout.match(/✓/g)?.length, 5, stdout)
    assert.doesNotMatch(stdout, /✗/)
    const [, now, earlier] = stdout.match(/^material: ✓ \S+ (\d+) .* extends the (\d+) seen before/m) ?? []
    assert.ok(Number(now) > Number(earlier), stdout)
  })

  it('a ledger whose key was not pinned does not pass', async () => {
    await assert.rejects(outside.verify('other-keys'), ({ code, stdout }) => code === 1 && /material: ✗/.test(stdout))
  })
})

describe('the language', () => {
  it('changes at a click and is remembered', async () => {
    const { page, quiet, close } = await reader()
    await signIn(page)
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('heading', { level: 1, name: 'The trunk at a glance' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'The trunk at a glance' }).waitFor()
    assert.equal(await page.locator('html').getAttribute('lang'), 'en')
    quiet()
    await close()
  })
})
assert.ok(base)
