// Signing in through an OpenID provider of another hand (npm's oidc-provider), on loopback: units
// and roles come by claim, what ends there ends plainly here.
import { after, before, describe, it } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Provider from 'oidc-provider'
import { reader, withBrowser } from './support.mjs'

withBrowser()

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** What the provider knows about whom; a test may change it between two sign-ins. */
const accounts = {
  lan: { name: '数据局联络员', roles: ['reports'], unit: ['数据局'] },
  qing: { name: '审计联络员', roles: ['audits', 'something else'], unit: [] },
}

let node
let folder
let listening
let url

before(async () => {
  const [nodePort, providerPort] = [await freePort(), await freePort()]
  url = `http://127.0.0.1:${nodePort}`
  const issuer = `http://127.0.0.1:${providerPort}`
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'tianyuan', client_secret: 'a secret between the two', redirect_uris: [`${url}/auth/oidc/city/callback`] }],
    claims: { openid: ['sub'], profile: ['name', 'roles', 'unit'] },
    findAccount: (_context, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
    pkce: { required: () => true },
    cookies: { keys: ['for this test alone'] },
  })
  listening = await new Promise((resolve) => {
    const server = provider.listen(providerPort, '127.0.0.1', () => resolve(server))
  })
  folder = await mkdtemp(join(tmpdir(), 'tianyuan-oidc-'))
  await writeFile(
    join(folder, 'node.toml'),
    `[server]
public_url = "${url}"
[fetch]
allow_private_hosts = ["127.0.0.1"]
[[identity.oidc]]
id = "city"
title = "随申办"
issuer = "${issuer}"
client_id = "tianyuan"
client_secret = "a secret between the two"
scopes = ["profile"]
unit_claim = "unit"
role_claim = "roles"
role_map = { reports = "unit_reporter", audits = "auditor" }
`,
  )
  const bin = process.env.TIANYUAN_BIN ?? '../target/debug/tianyuan'
  const args = ['serve', '--config', join(folder, 'node.toml'), '--data', join(folder, 'data'), '--listen', `127.0.0.1:${nodePort}`, '--demo']
  node = spawn(bin, args, { stdio: 'ignore' })
  for (let turn = 0; turn < 200; turn += 1) {
    if (await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.fail('the node did not become ready')
})

after(async () => {
  const ended = new Promise((resolve) => node.on('exit', resolve))
  node.kill()
  listening.closeAllConnections()
  listening.close()
  await ended
  await rm(folder, { recursive: true, force: true })
})

/** Through the provider's own pages, as a person goes. */
async function throughProvider(page, login) {
  await page.getByRole('link', { name: '用「随申办」登录' }).click()
  await page.getByPlaceholder('Enter any login').fill(login)
  await page.getByPlaceholder('and password').fill('anything')
  await page.getByRole('button', { name: 'Sign-in' }).click()
}

const me = (page) => page.evaluate(() => fetch('/api/v1/me').then((answer) => answer.json()))

describe('an identity provider', () => {
  it('signs a reporter in, with unit and role by claim, back to where they were going', async () => {
    const { page, close } = await reader({ baseURL: url })
    await page.goto('/measures?state=done')
    await page.waitForURL(/\/sign-in/)
    await throughProvider(page, 'lan')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(`${url}/measures?state=done`)
    await page.getByText('数据局联络员').first().waitFor()
    const { roles } = await me(page)
    assert.deepEqual(
      roles.map(({ role, unit }) => [role, unit?.name]),
      [['unit_reporter', '数据局']],
    )
    await close()
  })

  it('keeps the person and follows the claims at the next sign-in', async () => {
    const first = await reader({ baseURL: url })
    await first.page.goto('/sign-in')
    await throughProvider(first.page, 'qing')
    await first.page.getByRole('button', { name: 'Continue' }).click()
    await first.page.waitForURL(`${url}/`)
    const before = await me(first.page)
    assert.deepEqual(before.roles.map(({ role }) => role), ['auditor'])
    await first.close()

    accounts.qing = { name: '审计联络员', roles: ['reports'], unit: ['经委'] }
    const second = await reader({ baseURL: url })
    await second.page.goto('/sign-in')
    await throughProvider(second.page, 'qing')
    await second.page.getByRole('button', { name: 'Continue' }).click()
    await second.page.waitForURL(`${url}/`)
    const now = await me(second.page)
    assert.equal(now.person.id, before.person.id)
    assert.deepEqual(
      now.roles.map(({ role, unit }) => [role, unit?.name]),
      [['unit_reporter', '经委']],
    )
    await second.close()
  })

  it('that signs nobody in leads back with plain words', async () => {
    const { page, close } = await reader({ baseURL: url })
    await page.goto('/sign-in')
    await page.getByRole('link', { name: '用「随申办」登录' }).click()
    await page.getByRole('link', { name: /Cancel/ }).click()
    await page.getByRole('alert').getByText('身份提供方没有同意登录').waitFor()
    await close()
  })
})
