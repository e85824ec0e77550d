// The test ground: nodes on one Redis, publishers on all of them, readers spread over nodes and
// transports, and in the end the account of it all.

import { queryString } from '../support/Api.js'
import { startExampleNginx } from '../support/nginx.js'
import { waitFor } from '../support/waitFor.js'
import { Cluster } from './Cluster.js'
import { judge, type Verdict, type Violation } from './continuity/judge.js'
import { Ledger } from './continuity/Ledger.js'
import { Load } from './continuity/Load.js'
import { LogReader, type Node } from './continuity/LogReader.js'
import { ask } from './continuity/NodeApi.js'
import { TRANSPORTS } from './continuity/sessions.js'

type ClusterOptions = NonNullable<Parameters<typeof Cluster.start>[0]>

interface GroundOptions extends ClusterOptions {
  readonly perSecond?: number
  readonly publishers?: number
  readonly keyedOfTen?: number
  /** Everybody comes through one nginx, as docs/deployment.md has it. */
  readonly isBehindNginx?: boolean
  /** Half of them stay where they are until that ends, half of them hop. */
  readonly readers?: number
}

interface GroundVerdict extends Verdict {
  /** Why new logs began. */
  readonly reasons: readonly string[]
}

type Front = Awaited<ReturnType<typeof startExampleNginx>>

/** Long runs, many repeats. */
export const SOAK = process.env.SOAK === '1'

const TOPICS = ['a', 'b', 'c', 'd']
const PER_SECOND = 200
const READERS = 8
const AGREE_WITHIN_MS = 3000
const SHOWN_VIOLATIONS = 10
/** Of a log of a few seconds so many may expire while it is compared. */
const EXPIRING = 50

export class Ground {
  readonly cluster: Cluster
  readonly nginx: Front | undefined
  readonly load: Load
  readonly readers: readonly LogReader[]
  readonly #ledger = new Ledger()
  readonly #hasExpiry: boolean

  private constructor(cluster: Cluster, nginx: Front | undefined, options: GroundOptions) {
    this.cluster = cluster
    this.nginx = nginx
    this.#hasExpiry = options.env?.MESSAGE_TTL_MS !== undefined
    const nodes: readonly Node[] = nginx === undefined ? cluster.nodes : [nginx]
    const { perSecond = PER_SECOND, readers = READERS, keyedOfTen, publishers } = options
    this.load = new Load({
      nodes,
      topics: TOPICS,
      ledger: this.#ledger,
      perSecond,
      ...(keyedOfTen !== undefined && { keyedOfTen }),
      ...(publishers !== undefined && { publishers }),
    })
    this.readers = Array.from({ length: readers }, (_, index) => {
      const hops = index % 2 === 0
      const transport = TRANSPORTS[(index >> 1) % TRANSPORTS.length]!
      return new LogReader({
        name: `reader ${index}${hops ? '' : ` (${transport})`}`,
        topics:
          index % 3 === 0 ? [TOPICS[index % 4]!, TOPICS[(index + 1) % 4]!] : [TOPICS[index % 4]!],
        nodes,
        seed: index + 1,
        isHopping: hops,
        ...(!hops && { transports: [transport] }),
      })
    })
  }

  /** Resolves when all readers read and publishing has begun. */
  static async start(options: GroundOptions = {}): Promise<Ground> {
    const cluster = await Cluster.start(options)
    const ports = cluster.nodes.map(({ url }) => Number(new URL(url).port))
    const nginx = options.isBehindNginx ? await startExampleNginx(ports) : undefined
    const ground = new Ground(cluster, nginx, options)
    try {
      await Promise.all(ground.readers.map((reader) => reader.start()))
      ground.load.start()
      return ground
    } catch (error) {
      await ground.stop()
      throw error
    }
  }

  /** Waits until so many more are acknowledged. */
  async published(count: number, withinMs = 20_000): Promise<void> {
    const before = this.load.count(201)
    await waitFor('messages', () => this.load.count(201) >= before + count, withinMs)
  }

  /** Ends the load, reads all to the end, and judges. Nodes and Redis have to be well again. */
  async verdict(): Promise<GroundVerdict> {
    await this.cluster.untilReady()
    const last = await this.load.finish()
    await Promise.all(this.readers.map((reader) => reader.stop()))
    await Promise.all(
      this.readers.map((reader) =>
        reader.readUntil(last.filter((n) => reader.record.topics.includes(this.#topicOf(n)))),
      ),
    )
    const verdict = judge(
      this.#ledger,
      this.readers.map(({ record }) => record),
    )
    const violations = [...verdict.violations, ...(await this.#lastDifferences())]
    return { ...verdict, violations, reasons: this.cluster.reasons }
  }

  async stop(): Promise<void> {
    this.load.stop()
    await Promise.all(this.readers.map((reader) => reader.stop()))
    await this.nginx?.stop()
    await this.cluster.stop()
  }

  #topicOf(n: number): string {
    return this.#ledger.publications[n]!.topic
  }

  /** What still differs when the last node had time to read the log to its end. */
  async #lastDifferences(): Promise<Violation[]> {
    let differences: Violation[] = []
    const areNone = async () => {
      differences = await this.#differences()
      return differences.length === 0
    }
    await waitFor('the nodes to agree', areNone, AGREE_WITHIN_MS).catch(() => {})
    return differences
  }

  /** Every node has the same log, entry for entry, but for what expires while they are asked. */
  async #differences(): Promise<Violation[]> {
    const logs = await Promise.all(this.cluster.nodes.map(({ url }) => wholeLog(url)))
    const lengths = logs.map(({ length }) => length)
    const common = this.#hasExpiry ? Math.min(...lengths) - EXPIRING : Math.max(...lengths)
    const [first = [], ...others] = logs.map((log) => log.slice(-common))
    return others.flatMap((log, index): Violation[] => {
      const wrong = Array.from({ length: common }).findIndex((_, at) => log[at] !== first[at])
      if (wrong < 0) return []
      const detail = `entry ${wrong} of ${lengths}: ${first[wrong]}, ${log[wrong]}`
      return [{ fault: 'different: two nodes, two logs', reader: `node ${index + 1}`, detail }]
    })
  }
}

/** Everything that a node retains for these topics. */
async function wholeLog(url: string): Promise<string[]> {
  const log: string[] = []
  for (let since = '0'; ; ) {
    const query = { since, topics: TOPICS.join(','), limit: 1000 }
    const { body } = await ask(url, `/api/sync/poll${queryString(query)}`)
    for (const { id, cursor } of body.messages) log.push(`${cursor} ${id}`)
    since = body.cursor
    if (!body.hasMore) return log
  }
}

/** A line of figures, and the first violations where there are any. */
export function report(
  name: string,
  { figures, violations, reasons }: GroundVerdict,
  more: object = {},
): void {
  const { acknowledged, lost, unavailable, cut, twice, deliveries, excused } = figures
  const resyncs = Object.entries(figures.resyncs).map(([reason, count]) => `${count} ${reason}`)
  const told = resyncs.length > 0 ? `resyncs: ${resyncs.join(', ')}` : 'no resync'
  const parts = [
    `${acknowledged} acknowledged, ${lost} lost`,
    `${unavailable.count} answered 503 (${unavailable.applied} applied)`,
    `${cut.count} cut (${cut.applied} applied)`,
    `${twice} twice, ${deliveries} deliveries, ${told}, ${excused} told as lost`,
    ...(reasons.length > 1 ? [`new logs: ${reasons.join('; ')}`] : []),
    ...Object.entries(more).map(([what, value]) => `${what} ${value}`),
  ]
  process.stdout.write(`${name}: ${parts.join(', ')}\n`)
  for (const { fault, reader, detail, trail = [] } of violations.slice(0, SHOWN_VIOLATIONS)) {
    process.stdout.write(`  ${reader}: ${fault}: ${detail}\n`)
    for (const line of trail) process.stdout.write(`    ${line}\n`)
  }
}

/** The value below which so many of a hundred lie. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0
}
