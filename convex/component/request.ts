// One request to Syncline, with a clock and a bound of its own. It never throws, and what it tells of a
// fault holds no secret.

import { env } from './_generated/server.js'

export interface Answer {
  readonly status: number
  readonly retryAfter: string | null
  /** An object, or `undefined` where it was no JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined
}

type Init = Pick<RequestInit, 'method' | 'body'> & { readonly headers: Record<string, string> }

/** Syncline says far less. */
const MAX_ANSWER_BYTES = 1024 * 1024
const MAX_FAULT_CHARS = 500

export async function request(
  path: string,
  init: Init,
  timeoutMs: number,
): Promise<Answer | { readonly fault: string }> {
  try {
    const address = `${checkedUrl()}/api/sync/${path}`
    const headers = { ...init.headers, Authorization: `Bearer ${checkedToken()}` }
    return await within(timeoutMs, async (signal) => {
      // What is posted goes where it was meant to go, or nowhere.
      const response = await fetch(address, { ...init, headers, redirect: 'manual', signal })
      const retryAfter = response.headers.get('Retry-After')
      return { status: response.status, retryAfter, body: parsed(await textOf(response)) }
    })
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { fault: withoutToken(`${name}: ${message}`) }
  }
}

/** What may be kept and shown: a server in trouble may say back what it was sent. */
export function withoutToken(text: string): string {
  const token = setting('SYNCLINE_TOKEN')
  return (token === '' ? text : text.replaceAll(token, '…')).slice(0, MAX_FAULT_CHARS)
}

const setting = (name: 'SYNCLINE_URL' | 'SYNCLINE_TOKEN'): string => String(env[name] ?? '').trim()

function checkedUrl(): string {
  const url = setting('SYNCLINE_URL')
  if (/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/i.test(url)) return url.replace(/\/+$/, '')
  throw new Error('SYNCLINE_URL must be Syncline’s address, such as https://sync.example.com')
}

function checkedToken(): string {
  const token = setting('SYNCLINE_TOKEN')
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new Error('SYNCLINE_TOKEN must be a service’s secret or token, without spaces')
}

/** By a clock beside it as well: not every runtime's `fetch` ends by its signal. */
async function within<Value>(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([work(controller.signal), tooLate])
  } finally {
    clearTimeout(timer)
    // Also what is left of an answer that is too large.
    controller.abort()
  }
}

/** Throws where it is too large to be held. */
async function textOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > MAX_ANSWER_BYTES)
      throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`)
    text += decoder.decode(value, { stream: true })
  }
}

function parsed(text: string): Answer['body'] {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return { ...value }
  } catch {
    return undefined
  }
}
