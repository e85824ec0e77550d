// Where one peer has its turn: starts the processes that a workload asks for, each on its core, and
// ends them all.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Child, type ChildOptions } from './Child.js'
import { canPin } from './requirements.js'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const SERVER_CORE = 0
export const GENERATOR_CORE = 1

interface StageOptions {
  /** The long form: more rounds, and more of everything in each. */
  readonly isFull: boolean
  /** Where servers leave their CPU profiles. */
  readonly profileFolder?: string | undefined
}

type Extras = Partial<Pick<ChildOptions, 'args' | 'env'>> & {
  readonly nodeOptions?: readonly string[]
}

export class Stage {
  readonly #options: StageOptions
  readonly #children: Child[] = []

  constructor(options: StageOptions) {
    this.#options = options
  }

  get isFull(): boolean {
    return this.#options.isFull
  }

  /** Starts `peers/<name>.ts` on the core of the servers. */
  startServer(name: string, { nodeOptions = [], ...extras }: Extras = {}): Promise<Child> {
    const runtime = name === 'bun' ? [bunPath()] : ['node', ...nodeOptions]
    const file = join(ROOT, 'peers', `${name}.js`)
    return this.#start({ runtime, file, core: canPin() ? SERVER_CORE : undefined, ...extras })
  }

  /** Starts `generator/<name>.ts` on the other core. */
  startGenerator(name = 'sockets', { nodeOptions = [], ...extras }: Extras = {}): Promise<Child> {
    const file = join(ROOT, 'generator', `${name}.js`)
    const runtime = ['node', ...nodeOptions]
    return this.#start({ runtime, file, core: canPin() ? GENERATOR_CORE : undefined, ...extras })
  }

  /** Runs what is measured, and keeps the CPU profile of a server meanwhile, where one is asked for. */
  async profiled<Result>(
    server: Child,
    name: string,
    measure: () => Promise<Result>,
  ): Promise<Result> {
    const { profileFolder } = this.#options
    if (profileFolder === undefined || !(await server.call('startProfile'))) return measure()
    const result = await measure()
    await server.call('saveProfile', join(profileFolder, `${name}.cpuprofile`))
    return result
  }

  /** Ends all that was started here, the last one first: clients before their server. */
  async clear(): Promise<void> {
    for (const child of this.#children.splice(0).reverse()) await child.stop()
  }

  async #start(options: ChildOptions): Promise<Child> {
    const child = await Child.start(options)
    this.#children.push(child)
    return child
  }
}

/** The binary in the package; npm's install script, where it is allowed, moves it. */
function bunPath(): string {
  const modules = join(ROOT, '..', 'node_modules')
  const platform = `bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`
  const places = [join(modules, '@oven', platform, 'bin/bun'), join(modules, 'bun/bin/bun.exe')]
  const found = places.find((place) => existsSync(place))
  if (found === undefined) throw new Error('bun is missing: run `npm ci` in bench/')
  return found
}
