// Somebody who does what the guide says, step by step, in a folder of his own. Nothing is fetched:
// what the guide installs is linked to what the project has.

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './freePort.js'
import { type Action, actionsUnder, edited, readGuide } from './guide.js'
import { type Program, startProgram } from './program.js'

const run = promisify(execFile)

/** What goes on until Ctrl-C. The server is one, however it is started. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'node server.js': 'server',
  'npm start': 'server',
  'node blocked.js': 'network',
}

/** What a command printed, and what the guide says that it prints. */
export interface Seen {
  readonly command: string
  readonly printed: string
  readonly shows: string | undefined
}

export class Newcomer {
  readonly url: string
  readonly #guide: string
  readonly #parent: string
  readonly #ports: readonly (readonly [guide: string, here: string])[]
  readonly #programs = new Map<string, Program>()

  private constructor(guide: string, parent: string, ports: readonly [number, number]) {
    this.#guide = guide
    this.#parent = parent
    this.#ports = [
      ['3000', String(ports[0])],
      ['3001', String(ports[1])],
    ]
    this.url = `http://localhost:${ports[0]}`
  }

  static async start(): Promise<Newcomer> {
    const parent = await mkdtemp(join(tmpdir(), 'syncline-guide-'))
    return new Newcomer(await readGuide(), parent, [await freePort(), await freePort()])
  }

  /** Without WebSockets. */
  get blockedUrl(): string {
    return this.#here('http://localhost:3001')
  }

  /** The server that runs now. */
  get server(): Program {
    const server = this.#programs.get('server')
    if (server === undefined) throw new Error('no server runs')
    return server
  }

  /** Does all that a step says. */
  async follow(heading: string): Promise<Seen[]> {
    const seen: Seen[] = []
    for (const action of actionsUnder(this.#guide, heading)) {
      if (action.kind === 'run') seen.push(await this.#run(action))
      else await this.#change(action)
    }
    return seen
  }

  /** Ctrl-C, and the same command again. */
  async restart(): Promise<void> {
    await this.#start('node server.js')
  }

  async end(): Promise<void> {
    await Promise.all([...this.#programs.values()].map((program) => program.kill()))
    await rm(this.#parent, { recursive: true, force: true })
  }

  get #folder(): string {
    return join(this.#parent, 'orders')
  }

  #here(text: string): string {
    return this.#ports.reduce((before, [guide, here]) => before.replaceAll(guide, here), text)
  }

  async #change(action: Exclude<Action, { kind: 'run' }>): Promise<void> {
    const path = join(this.#folder, action.file)
    const code = this.#here(action.code)
    const text =
      action.kind === 'write' ? code : edited(await readFile(path, 'utf8'), { ...action, code })
    await writeFile(path, text)
  }

  async #run({ command, shows }: Action & { kind: 'run' }): Promise<Seen> {
    const printed =
      command in PROGRAMS ? await this.#start(command) : await this.#type(this.#here(command))
    return { command, printed, shows: shows && this.#here(shows) }
  }

  async #start(command: string): Promise<string> {
    const name = PROGRAMS[command] ?? command
    await this.#programs.get(name)?.kill()
    const [program = '', ...args] = command.split(' ')
    const started = await startProgram(program, args, { folder: this.#folder })
    this.#programs.set(name, started)
    return started.output()
  }

  async #type(command: string): Promise<string> {
    const { PATH = '', HOME = '' } = process.env
    const [install = '', ...packages] = /^npm install (.*)$/m.exec(command)?.[1]?.split(' ') ?? []
    const script = command.replace(/^npm install .*$/m, '')
    const isFirst = command.startsWith('mkdir')
    const { stdout } = await run('sh', ['-ec', script], {
      cwd: isFirst ? this.#parent : this.#folder,
      env: { PATH, HOME, npm_config_offline: 'true', npm_config_update_notifier: 'false' },
    })
    if (install !== '') await this.#link([install, ...packages])
    return stdout
  }

  async #link(packages: readonly string[]): Promise<void> {
    const modules = join(this.#folder, 'node_modules')
    await mkdir(join(modules, '.bin'), { recursive: true })
    for (const name of packages) {
      const isOurs = name.endsWith('.tgz')
      const target = isOurs ? '.' : join('node_modules', name)
      await symlink(resolve(target), join(modules, isOurs ? 'syncline' : name))
    }
    await symlink(resolve('node_modules/.bin/vite'), join(modules, '.bin', 'vite'))
  }
}
