// A real nginx of our own before the server, right or wrong as proxies are in the field.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { nginxConfig } from '../../scripts/nginxConfig.mjs'
import { freePort } from './freePort.js'
import { httpRequest } from './httpRequest.js'

const UPGRADE = `
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_header;`

const VARIANTS = {
  /** As it should be. */
  plain: UPGRADE,
  /** Written before WebSockets: it drops the upgrade's headers. */
  noUpgrade: '',
  /** That, and event streams are buffered although the server asks not to. */
  buffers: 'proxy_ignore_headers X-Accel-Buffering;',
  /** Cuts what is silent for 10 s, in either direction. */
  cutsIdle: `${UPGRADE}
      proxy_read_timeout 10s;
      proxy_send_timeout 10s;`,
}

export type NginxVariant = keyof typeof VARIANTS

export interface Nginx {
  readonly url: string
  readonly port: number
  /** Changes what it is like; connections made before end within about a second. */
  reload(variant: NginxVariant): Promise<void>
  stop(): Promise<void>
}

/** Found in PATH, or where only root looks by default. */
const PROGRAM = 'nginx'
const SELF_TEST = '/nginx-generation'
/** The master starts new workers before it asks the old ones to end: both answer for a moment. */
const HANDOVER_MS = 250

export async function startNginx({
  upstreamPort,
  variant = 'plain',
}: {
  readonly upstreamPort: number
  readonly variant?: NginxVariant
}): Promise<Nginx> {
  let generation = 0
  const configFor = (next: NginxVariant) => (places: Places) => {
    generation += 1
    return configOf({ ...places, upstreamPort, variant: next, generation })
  }
  const isInEffect = async (url: string) =>
    (await httpRequest(`${url}${SELF_TEST}`)).body === generation
  const { child, write, inEffect, ...running } = await run(configFor(variant), isInEffect)
  return {
    ...running,
    async reload(next) {
      write(configFor(next))
      child.kill('SIGHUP')
      await inEffect()
      await delay(HANDOVER_MS)
    },
  }
}

/** As examples/nginx.conf has it, before nodes on these ports. */
export async function startExampleNginx(
  nodePorts: readonly number[],
): Promise<Omit<Nginx, 'reload'>> {
  const { url, port, stop } = await run(
    (places) => nginxConfig({ ...places, nodePorts }),
    async (at) => (await httpRequest(`${at}/metrics`)).status === 404,
  )
  return { url, port, stop }
}

interface Places {
  readonly folder: string
  readonly port: number
}

/** Runs it in a folder of its own, from what `configFor` says, until `isInEffect` sees that. */
async function run(
  configFor: (places: Places) => string,
  isInEffect: (url: string) => Promise<boolean>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const write = (next: typeof configFor) =>
    writeFileSync(join(folder, 'nginx.conf'), next({ folder, port }))

  write(configFor)
  const options = ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log']
  const child = spawn(PROGRAM, options, {
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    stdio: 'ignore',
  })
  const failed = new Promise<never>((_resolve, reject) => child.on('error', reject))
  await Promise.race([failed, inEffect()])

  return {
    url,
    port,
    child,
    write,
    inEffect,
    async stop() {
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }

  async function inEffect(): Promise<void> {
    const deadline = Date.now() + 10_000
    for (;;) {
      if (await isInEffect(url).catch(() => false)) return
      if (child.exitCode !== null || Date.now() > deadline) {
        await ended(child)
        throw new Error(`nginx is not up:\n${readFileSync(join(folder, 'error.log'), 'utf8')}`)
      }
      await delay(20)
    }
  }
}

interface ConfigOptions extends Places {
  readonly upstreamPort: number
  readonly variant: NginxVariant
  readonly generation: number
}

/** Paths are the folder's own: the compiled-in ones belong to the system's nginx. */
function configOf({ folder, port, upstreamPort, variant, generation }: ConfigOptions): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n  ')
  // Workers that give up root could not enter the folder.
  const user = process.getuid?.() === 0 ? 'user root root;' : ''
  return `${user}
daemon off;
worker_processes 1;
worker_shutdown_timeout 1s;
pid ${folder}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary}
  map $http_upgrade $connection_header { default upgrade; '' close; }
  server {
    listen 127.0.0.1:${port};
    location = ${SELF_TEST} { return 200 "${generation}"; }
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_set_header Host $http_host;
      ${VARIANTS[variant]}
    }
  }
}
`
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
