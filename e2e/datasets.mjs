// Datasets as a data officer enters them by script: entry, file, fields, version, publication.
import assert from 'node:assert/strict'
import { base } from './support.mjs'

const PASSWORD = 'river-and-bridge-at-night'
const PIECE_BYTES = 4 * 1024 * 1024

/** A data officer's account, and `send`, which answers JSON or fails with what the node said. */
export async function dataOfficer(api, username) {
  const opened = await (await api.call('POST', '/people', { username, name: `示例 ${username}`, roles: [{ role: 'data_officer' }] })).json()
  const bare = (path, body, token) =>
    fetch(`${base}/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }, body: JSON.stringify(body) })
  const { token } = await (await bare('/sessions', { username, password: opened.initial_password })).json()
  const changed = await (await bare('/me/password', { current: opened.initial_password, new: PASSWORD }, token)).json()
  const send = async (method, path, body, headers = {}) => {
    const raw = body instanceof Uint8Array
    const response = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${changed.token}`, 'content-type': raw ? 'application/octet-stream' : 'application/json', ...headers },
      ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text.slice(0, 600)}`)
    return text ? JSON.parse(text) : null
  }
  return { username, password: PASSWORD, send }
}

async function until(send, path, wanted) {
  for (let i = 0; i < 600; i += 1) {
    const found = await send('GET', path)
    if (wanted(found)) return found
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`${path} did not come so far`)
}

/** Loads one file as the next version. `fields` may change what was found of each column. */
export async function loadVersion(officer, dataset, name, bytes, fields = {}) {
  const { send } = officer
  const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
  const begun = await send('POST', `/datasets/${dataset}/uploads`, { name, size_bytes: content.length })
  for (let at = 0; at < content.length; at += PIECE_BYTES) {
    await send('PUT', `/uploads/${begun.id}/content?offset=${at}`, content.slice(at, at + PIECE_BYTES))
  }
  const read = await until(send, `/uploads/${begun.id}`, (one) => !['receiving', 'reading'].includes(one.state))
  assert.equal(read.state, 'read', JSON.stringify(read.problem))
  const columns = read.found.columns.filter((one) => fields[one.column] !== null)
  await send('POST', `/uploads/${begun.id}/load`, {
    fields: columns.map((one) => ({ column: one.column, field: { ...one.field, ...fields[one.column] } })),
    publish: true,
    accept_rejects: true,
  })
  const loaded = await until(send, `/uploads/${begun.id}`, (one) => ['loaded', 'failed'].includes(one.state))
  assert.equal(loaded.state, 'loaded', JSON.stringify(loaded.problem))
  return loaded
}

/** Enters a dataset, loads its files one after another, and publishes it. */
export async function openDataset(officer, { code, files, ...profile }) {
  const { send } = officer
  const unit = profile.unit_id ?? (await send('GET', '/units?limit=1')).items[0].id
  const whole = { update_cycle: 'monthly', sharing: 'unconditional', opening: 'unconditional', ...profile, unit_id: unit }
  const made = await send('POST', '/datasets', { code, profile: whole })
  for (const { name, bytes, fields } of files) await loadVersion(officer, made.id, name, bytes, fields)
  await send('POST', `/datasets/${made.id}/publish`, {})
  return made
}
