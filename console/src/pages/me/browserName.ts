/** A browser and its system, from what it says of itself; enough to tell one's own devices apart. */
export function browserName(agent: string | null): string {
  if (!agent) return '—'
  const browser = [
    [/Edg\//, 'Edge'],
    [/Firefox\//, 'Firefox'],
    [/MicroMessenger/, 'WeChat'],
    [/Chrome\//, 'Chrome'],
    [/Safari\//, 'Safari'],
  ].find(([pattern]) => (pattern as RegExp).test(agent))?.[1]
  const system = [
    [/Windows/, 'Windows'],
    [/Android/, 'Android'],
    [/iPhone|iPad/, 'iOS'],
    [/Mac OS/, 'macOS'],
    [/Linux/, 'Linux'],
  ].find(([pattern]) => (pattern as RegExp).test(agent))?.[1]
  return [browser, system].filter(Boolean).join(' · ') || agent.slice(0, 60)
}
