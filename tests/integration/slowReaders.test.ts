// A hundred connections that stop reading cost the server no memory and the others nothing: they
// stand further and further back in the log, and catch up, or are told that it has passed them.

import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { topicKey } from '../../shared/audience.js'
import { Api } from '../support/Api.js'
import { type ServerProcess, startServerProcess } from '../support/serverProcess.js'
import { waitFor } from '../support/waitFor.js'
import { PacedPublisher } from './continuity/PacedPublisher.js'
import {
  type RecordedConnection,
  Recording,
  recordSocket,
  recordStream,
} from './continuity/Recording.js'

const STALLED_OF_EACH = 50
const PER_SECOND = 150
const PAYLOAD_BYTES = 10_000
const WARM_UP_SECONDS = 8
const STALL_SECONDS = process.env.SOAK === '1' ? 120 : 20
/** What is held for those who don't read would be thousands; garbage of a busy machine is 30 to 95. */
const MAX_GROWTH_MIB = 128
/** Four seconds of load: the log is full before anything is measured, and a busy machine is not taken for a slow reader. */
const MESSAGES_KEPT = 600
const TOPIC = 'load'

let server: ServerProcess
let healthy: HealthyReaders
beforeAll(async () => {
  server = await startServerProcess({
    MAX_MESSAGES_PER_AUDIENCE: String(MESSAGES_KEPT),
    LOG_LEVEL: 'error',
  })
})
afterAll(async () => {
  healthy.stop()
  await server.kill()
})

it(
  'a hundred stalled readers: memory stays, the healthy get everything, each stalled one is told',
  async () => {
    const start = (await new Api(server.url).poll({ since: 'now' })).body.cursor as string
    const publisher = await PacedPublisher.connect(server.url, TOPIC, PAYLOAD_BYTES)
    healthy = await HealthyReaders.start(server.url)

    // The baseline is the same load with healthy readers alone: afterwards the log is full, and
    // what a busy heap holds between two collections is part of it. Whatever comes on top is due
    // to those who don't read.
    const baseline = watchMemory(server.child.pid!)
    await publisher.run(PER_SECOND, WARM_UP_SECONDS)
    const baselineMib = baseline.stop()

    const stalled = await openStalled(server.url)
    const growth = watchMemory(server.child.pid!)
    for (const connection of stalled) connection.stopReading()
    await publisher.run(PER_SECOND, STALL_SECONDS)
    const log = publisher.record(start, MESSAGES_KEPT)
    const head = log.entries.at(-1)!.cursor

    for (const connection of stalled) connection.readAgain()
    const caughtUp = await Promise.all(stalled.map((connection) => catchUp(connection, head)))
    expect(growth.stop() - baselineMib).toBeLessThan(MAX_GROWTH_MIB)
    const judged = (recordings: readonly Recording[], reader: string) =>
      recordings.flatMap((one) => one.violations(log, topicKey(TOPIC), reader))
    expect(caughtUp.flatMap((recordings, i) => judged(recordings, `stalled ${i}`))).toEqual([])
    // Far more was published than sockets and the log hold: all of them have lost something.
    for (const recordings of caughtUp) {
      expect(recordings.flatMap(({ resyncs }) => resyncs).length).toBeGreaterThan(0)
    }

    const recordings = await healthy.finish(head)
    expect(judged(recordings, 'healthy')).toEqual([])
    expect(recordings.flatMap(({ resyncs }) => resyncs)).toEqual([])
    for (const transport of ['websocket', 'sse', 'longPoll', 'poll']) {
      const got = recordings.filter((recording) => recording.transport === transport)
      expect(got.flatMap(({ events }) => events).reduce(countMessages, 0)).toBe(publisher.count)
    }
    publisher.close()
  },
  (STALL_SECONDS + 180) * 1000,
)

type Event = Recording['events'][number]

function countMessages(count: number, event: Event): number {
  if (event.kind === 'page') return count + event.messages.length
  return count + (event.kind === 'message' ? 1 : 0)
}

async function openStalled(url: string): Promise<RecordedConnection[]> {
  const stalled = await Promise.all(
    Array.from({ length: STALLED_OF_EACH }, () => [
      recordSocket(url, TOPIC),
      recordStream(url, TOPIC),
    ]).flat(),
  )
  const areConnected = () => stalled.every(({ recording }) => recording.events.length > 0)
  await waitFor('all of them to be connected', areConnected, 30_000)
  return stalled
}

/** Reads to the end; one that was cut for not reading comes back with its cursor. */
async function catchUp(connection: RecordedConnection, head: string): Promise<Recording[]> {
  const recordings = [connection.recording]
  for (let current = connection; ; ) {
    const { recording } = current
    const isDone = () => recording.cursor === head || recording.isOver
    await waitFor('a stalled reader to catch up', isDone, 120_000)
    current.close()
    if (recording.cursor === head) return recordings
    const open = recording.transport === 'sse' ? recordStream : recordSocket
    current = await open(server.url, TOPIC, recording.cursor)
    recordings.push(current.recording)
  }
}

/** One reader on each transport, from the beginning to the head. */
class HealthyReaders {
  readonly #streams: readonly RecordedConnection[]
  readonly #polls: readonly Promise<Recording[]>[]
  #head: string | undefined
  #isStopped = false

  private constructor(url: string, since: string, streams: readonly RecordedConnection[]) {
    this.#streams = streams
    this.#polls = [this.#poll(url, since, 'longPoll'), this.#poll(url, since, 'poll')]
    // Where the test has failed by then, nobody waits for them.
    for (const poll of this.#polls) poll.catch(() => {})
  }

  static async start(url: string): Promise<HealthyReaders> {
    const since = (await new Api(url).poll({ since: 'now' })).body.cursor as string
    const streams = await Promise.all([
      recordSocket(url, TOPIC, since),
      recordStream(url, TOPIC, since),
    ])
    return new HealthyReaders(url, since, streams)
  }

  stop(): void {
    this.#isStopped = true
  }

  async finish(head: string): Promise<Recording[]> {
    this.#head = head
    const isDone = () => this.#streams.every(({ recording }) => recording.cursor === head)
    await waitFor('the healthy streams to be at the head', isDone, 30_000)
    const pages = await Promise.all(this.#polls)
    for (const stream of this.#streams) stream.close()
    return [...this.#streams.map(({ recording }) => recording), ...pages.flat()]
  }

  async #poll(url: string, since: string, transport: 'longPoll' | 'poll'): Promise<Recording[]> {
    const api = new Api(url)
    const pages: Recording[] = []
    for (let cursor = since; cursor !== this.#head && !this.#isStopped; ) {
      const page = new Recording(transport, cursor)
      const wait = transport === 'longPoll' ? { wait: 1 } : {}
      const { body } = await api.poll({ since: cursor, topics: TOPIC, limit: 1000, ...wait })
      page.hearPage(body)
      pages.push(page)
      cursor = body.cursor
      if (transport === 'poll' && !body.hasMore) await delay(100)
    }
    return pages
  }
}

/** Watches a process's resident memory. `stop` returns the most that it had, in MiB. */
function watchMemory(pid: number): { stop(): number } {
  let peak = 0
  const look = () => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    peak = Math.max(peak, Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024)
  }
  const timer = setInterval(look, 100)
  return {
    stop() {
      clearInterval(timer)
      look()
      return peak
    },
  }
}
