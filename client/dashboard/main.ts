// The page at `/`: shows what is published as it comes, over Server-Sent Events. It uses the
// public API alone, and an EventSource hands its position back by itself when it reconnects.

/** Older lines are dropped: the log is the record, this is a window on it. */
const MAX_LINES = 200

interface ShownMessage {
  readonly type: string
  readonly timestamp: number
  readonly payload?: unknown
}

const state = find('state', HTMLElement)
const feed = find('feed', HTMLOListElement)
const compose = find('compose', HTMLFormElement)
const text = find('text', HTMLInputElement)

find('hint', HTMLElement).textContent =
  `curl ${location.origin}/api/sync/send -H 'Content-Type: application/json' -d '{"type":"test","payload":{"message":"Hello"}}'`

const source = new EventSource('/api/sync/stream?since=0')
source.addEventListener('connected', ({ data }) => {
  showState('live', true)
  if (JSON.parse(data).resync) showLine(['something was missed'], 'resync')
})
source.addEventListener('error', () => showState('reconnecting', false))
source.addEventListener('message', ({ data }) => showMessage(JSON.parse(data)))
source.addEventListener('resync', () => showLine(['something was missed'], 'resync'))

compose.addEventListener('submit', (event) => {
  event.preventDefault()
  broadcast(text.value).catch((error: unknown) => showState(String(error), false))
})

async function broadcast(message: string): Promise<void> {
  if (message === '') return
  const response = await fetch('/api/sync/broadcast', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'chat.message', payload: { message } }),
  })
  if (!response.ok) throw new Error(`not sent: ${response.status}`)
  text.value = ''
}

function showMessage({ type, timestamp, payload }: ShownMessage): void {
  showLine(
    [new Date(timestamp).toLocaleTimeString(), type, JSON.stringify(payload) ?? ''],
    'message',
  )
}

/** As text nodes only: what others publish is never markup. */
function showLine([first = '', type = '', rest = '']: readonly string[], kind: string): void {
  const line = document.createElement('li')
  line.className = kind
  line.append(element('time', '', first), element('span', 'type', type), rest)
  feed.prepend(line)
  while (feed.childElementCount > MAX_LINES) feed.lastElementChild?.remove()
}

function element(tag: string, className: string, content: string): HTMLElement {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = content
  return made
}

function showState(word: string, isLive: boolean): void {
  state.textContent = word
  state.dataset.isLive = String(isLive)
}

function find<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`the page has no ${id}`)
}
