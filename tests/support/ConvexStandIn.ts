// Stands where a Convex deployment would: convex-test behind Convex's own wire protocol (version 1.48
// of the client), for the real ConvexHttpClient, ConvexClient and ConvexReactClient. It is no real back
// end: no optimistic concurrency, no limits, no storage, no signatures checked, and after each change
// it simply runs all subscribed queries again. It can go away and come back, be slow, and answer junk.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GenericSchema, SchemaDefinition } from 'convex/server'
import type { TestConvex } from 'convex-test'
import { WebSocketServer } from 'ws'
import { ConvexFunctions, type ConvexModules } from './convex/ConvexFunctions.js'
import { ConvexSession } from './convex/ConvexSession.js'
import { answerHttp, type HttpFault } from './convex/httpApi.js'

export interface ConvexStandInOptions {
  readonly schema: SchemaDefinition<GenericSchema, boolean>
  /** `{ './orders.ts': () => import(…), './_generated/api.js': … }` */
  readonly modules: ConvexModules
  /** Default: any free one. */
  readonly port?: number
}

/** What scheduled functions changed is looked for this often; what came in by a request, at once. */
const LOOK_EVERY_MS = 100
/** As Convex does. */
const PING_EVERY_MS = 15_000

export class ConvexStandIn {
  /** The database and functions: for `run`, `registerComponent`, `finishInProgressScheduledFunctions`. */
  readonly t: TestConvex<SchemaDefinition<GenericSchema, boolean>>
  readonly #functions: ConvexFunctions
  readonly #sessions = new Set<ConvexSession>()
  #server: Server | undefined
  #timers: NodeJS.Timeout[] = []
  #port: number
  #connects = 0
  #httpFault: HttpFault | undefined
  #isMute = false
  #delayMs = 0

  private constructor({ schema, modules, port = 0 }: ConvexStandInOptions) {
    this.#functions = new ConvexFunctions({ schema, modules })
    this.t = this.#functions.t
    this.#port = port
  }

  static async start(options: ConvexStandInOptions): Promise<ConvexStandIn> {
    const standIn = new ConvexStandIn(options)
    await standIn.comeBack()
    return standIn
  }

  /** What CONVEX_URL is. The same after it was away. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Sync sockets that are open. */
  get sockets(): number {
    return this.#sessions.size
  }

  /** Sync sockets that were ever opened. */
  get connects(): number {
    return this.#connects
  }

  /** Queries that are subscribed to, on all sockets. */
  get subscriptions(): number {
    return [...this.#sessions].reduce((sum, session) => sum + session.queries, 0)
  }

  /** Cuts all connections and listens no more; what is in the database stays. */
  async goAway(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
    this.dropSockets()
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }

  async comeBack(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response))
    const sockets = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      if (!/^\/api\/[\w.-]+\/sync$/.test(request.url ?? '')) return socket.destroy()
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#connects += 1
        const session = new ConvexSession(webSocket, this.#functions)
        session.delayMs = this.#delayMs
        session.isMute = this.#isMute
        this.#sessions.add(session)
        webSocket.on('close', () => this.#sessions.delete(session))
      })
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
    this.#timers = [
      setInterval(() => void this.#functions.changed(), LOOK_EVERY_MS),
      setInterval(() => this.#each((session) => session.send({ type: 'Ping' })), PING_EVERY_MS),
    ]
    for (const timer of this.#timers) timer.unref()
  }

  /** As a proxy that restarts does. */
  dropSockets(): void {
    this.#each((session) => session.drop())
  }

  /** Sends each socket a frame that is not of the protocol. */
  sendJunk(text = '<html>Bad Gateway</html>'): void {
    this.#each((session) => session.sendRaw(text))
  }

  /** Tells each client that it may not come back, as Convex does after a fault of its own. */
  sendFatalError(error = 'the session can not go on'): void {
    this.#each((session) => session.send({ type: 'FatalError', error }))
  }

  /** Everything that sockets are sent, and answers to POSTs, wait so long. */
  set delayMs(ms: number) {
    this.#delayMs = ms
    this.#each((session) => {
      session.delayMs = ms
    })
  }

  /** Sockets stay open, and are sent nothing; when it ends they are dropped. */
  set isMute(isMute: boolean) {
    this.#isMute = isMute
    this.#each((session) => {
      session.isMute = isMute
      if (!isMute) session.drop()
    })
  }

  /** Whether tokens on the sync socket are refused. */
  set refusesTokens(refusesTokens: boolean) {
    this.#functions.refusesTokens = refusesTokens
  }

  /** What is wrong with answers to POSTs from now on. */
  set httpFault(fault: HttpFault | undefined) {
    this.#httpFault = fault
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await answerHttp(request, response, {
      functions: this.#functions,
      fault: this.#httpFault,
      delayMs: this.#delayMs,
    })
  }

  #each(act: (session: ConvexSession) => void): void {
    for (const session of this.#sessions) act(session)
  }
}
