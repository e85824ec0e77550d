// As much as the bench uses of packages that only its own `npm ci` installs, so that it is checked
// with everything else without them.

declare module 'socket.io' {
  import type { Server as HttpServer } from 'node:http'

  interface Emitter {
    emit(event: string, ...args: unknown[]): unknown
  }
  export interface Socket extends Emitter {
    readonly handshake: {
      readonly url: string
      readonly auth: Record<string, unknown>
      readonly query: Record<string, unknown>
    }
    join(rooms: string[]): unknown
  }
  export class Server implements Emitter {
    constructor(server: HttpServer, options?: object)
    on(event: 'connection', listener: (socket: Socket) => void): unknown
    use(check: (socket: Socket, next: (error?: Error) => void) => void): unknown
    to(room: string): Emitter
    emit(event: string, ...args: unknown[]): unknown
  }
}

declare module '@socket.io/redis-streams-adapter' {
  export function createAdapter(redis: unknown): unknown
}
