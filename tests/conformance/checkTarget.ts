// Looks once, before all tests, whether the target at BASE_URL can be tested at all: a suite that
// fails in a hundred places for one wrong setting says nothing. Jest runs it outside of its own
// module loader, so it imports nothing of the project.

// biome-ignore lint/style/noDefaultExport: Jest takes the default export of a globalSetup
export default async function checkTarget(): Promise<void> {
  const given = process.env.BASE_URL
  if (given === undefined) return
  const fault = await faultOf(given.replace(/\/$/, ''))
  // Without a stack: it is the one who runs the suite who can mend this.
  if (fault !== undefined) throw Object.assign(new Error(), { stack: `BASE_URL=${given} ${fault}` })
}

/** What is wrong with the target and what to do about it, or `undefined`. */
async function faultOf(url: string): Promise<string | undefined> {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol !== 'http:' && protocol !== 'https:') {
    return 'is no http(s) URL: give one such as http://localhost:5000, or leave it out'
  }
  const health = await get(`${url}/healthz`)
  if (health === undefined) return 'does not answer: start the server, or correct the URL'
  if (health.status !== 200 || health.body?.status !== 'ok') {
    return `answers ${health.status} to /healthz: give the URL of a Syncline server that listens by itself, without a path`
  }
  const token = `dev:fresh${Date.now().toString(36)}`
  const poll = await get(`${url}/api/sync/poll?since=0`, { Authorization: `Bearer ${token}` })
  const status = await get(`${url}/api/sync/status`)
  if (poll?.status !== 200 || status?.body?.connections === undefined) {
    return 'is not in open mode, or not for this machine: start it without authentication, and name it as it allows (ALLOWED_HOSTS), since the suite uses dev: tokens'
  }
  if (poll.body?.count !== 0) {
    return 'holds messages for everyone already: restart it, or wait until they have expired'
  }
  return undefined
}

interface Answer {
  readonly status: number
  /** What of it is looked at. Absent where it is no JSON. */
  readonly body?: { readonly status?: string; readonly count?: number; connections?: object }
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(5000) })
    const body = await response.json().catch(() => undefined)
    return { status: response.status, body }
  } catch {
    return undefined
  }
}
