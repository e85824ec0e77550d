// The load of requests: raw keep-alive sockets in a process of its own, on a core of its own.

import { serveCommands } from '../control.js'
import { HttpLoad, type RequestShape } from './HttpLoad.js'

interface RunOrder {
  readonly request: RequestShape
  readonly requests: number
}

const load = new HttpLoad()
let running: Promise<void> | undefined

serveCommands(
  {},
  {
    /** Connects until there are so many sockets. */
    open: ({ port, sockets }: { port: number; sockets: number }) => load.open(port, sockets),
    /** Answers when all are answered. */
    run: ({ request, requests }: RunOrder) => load.run(request, requests),
    /** Answers at once; `ended` when all are answered. */
    begin({ request, requests }: RunOrder) {
      running = load.run(request, requests)
      running.catch(() => {})
    },
    ended: () => running,
    close: () => load.close(),
  },
)
