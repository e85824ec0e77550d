// `syncline status`: what the server says of itself.

import type { Answer } from './ask.js'
import { ask } from './ask.js'
import { CliFault } from './CliFault.js'
import type { Command } from './Command.js'
import { compact, harmless, paint, print, remark } from './screen.js'
import { TARGET_OPTIONS, type Target, targetOf } from './target.js'

const WATCH_EVERY_MS = 2000
const CLEAR_SCREEN = '\u001b[H\u001b[2J'

export const status: Command = {
  name: 'status',
  operands: '',
  summary: 'what the server says of itself',
  about: `Prints whether the server delivers and for how long it has been running and, where you are
an admin, its connections, its log and its memory.`,
  options: {
    watch: { type: 'boolean', about: `again every ${WATCH_EVERY_MS / 1000} s, until Ctrl-C` },
    json: { type: 'boolean', about: "prints the server's answer as JSON, one line each" },
    ...TARGET_OPTIONS,
  },
  examples: ['npx syncline status', 'npx syncline status --watch'],

  async run(given) {
    given.require(0, 0)
    const target = targetOf(given)
    const show = given.has('json') ? (answer: Answer) => print(compact(answer)) : showTable(target)
    const isWatching = given.has('watch')
    const isScreen = isWatching && process.stdout.isTTY && !given.has('json')
    const once = async () => {
      const answer = await ask(target, { path: '/api/sync/status' })
      if (isScreen) process.stdout.write(CLEAR_SCREEN)
      show(answer)
    }
    if (!isWatching) return once()
    process.on('SIGINT', () => process.exit(0))
    for (;;) {
      await once().catch(sayFault)
      await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS))
    }
  },
}

/** A server that is away for a moment is worth waiting for. */
function sayFault(error: unknown): void {
  if (!(error instanceof CliFault)) throw error
  remark(error.message)
}

function showTable({ url }: Target): (answer: Answer) => void {
  return (answer) => {
    const { connections, log, published, delivered, memoryBytes, uptimeMs } = answer
    const rows: [string, string][] = [
      ['server', url],
      ['status', harmless(String(answer.status))],
      ['up', duration(Number(uptimeMs))],
    ]
    if (connections === undefined) rows.push(['', 'more is for admins'])
    else {
      const { messages, bytes, audiences } = Object(log)
      rows.push(
        ['connections', connectionsOf(Object(connections))],
        ['log', `${messages} messages, ${size(bytes)}, ${audiences} audiences`],
        ['published', `${published}`],
        ['delivered', `${delivered}`],
        ['memory', size(Number(memoryBytes))],
      )
    }
    for (const [name, value] of rows) print(`${paint('dim', name.padEnd(12))} ${harmless(value)}`)
  }
}

/** `12: 9 websocket, 2 sse, 1 long-poll`, in whatever transports the server knows. */
function connectionsOf({ total, ...byTransport }: Record<string, unknown>): string {
  const parts = Object.entries(byTransport).map(
    ([transport, count]) => `${count} ${dashed(transport)}`,
  )
  return `${total}: ${parts.join(', ')}`
}

/** As the transports are named elsewhere. */
const dashed = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const isSmall = bytes < 1 << 20
  return isSmall ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`
}

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2)
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ')
}
