// A Redis of the bench's own, on loopback and a free port, that keeps nothing.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { canPin } from '../harness/requirements.js'
import { GENERATOR_CORE } from '../harness/Stage.js'

const PROGRAM = 'redis-server'
const STARTS_WITHIN_MS = 10_000

export class RedisUnderTest {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(port: number, child: ChildProcess) {
    this.url = `redis://127.0.0.1:${port}`
    this.#process = child
  }

  /** On the generator's core: what the nodes take is measured, not what Redis does. */
  static async start(): Promise<RedisUnderTest> {
    const port = await freePort()
    const pinned = canPin() ? ['taskset', '-c', String(GENERATOR_CORE)] : []
    const line = [...pinned, PROGRAM, '--port', String(port), '--bind', '127.0.0.1']
    const [command = PROGRAM, ...args] = [...line, '--save', '', '--appendonly', 'no']
    const child = spawn(command, args, { stdio: 'ignore' })
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${PROGRAM} did not start: install it, and run this again`)
    })
    await Promise.race([ended, isListening(port)])
    ended.catch(() => {})
    return new RedisUnderTest(port, child)
  }

  stop(): void {
    this.#process.kill('SIGKILL')
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

async function isListening(port: number): Promise<void> {
  for (const until = performance.now() + STARTS_WITHIN_MS; performance.now() < until; ) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isThere) return
    await sleep(50)
  }
  throw new Error(`${PROGRAM} does not answer`)
}
