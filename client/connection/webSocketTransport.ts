// The best transport: one socket for both directions (docs/protocol.md, "WebSocket").

import { type Closure, closureOfCode } from './closures.js'
import type { SocketConstructor, SocketLike } from './environment.js'
import { type Frame, readFrame } from './frames.js'
import type { Transport } from './transport.js'

export const webSocketTransport = (url: string, WebSocket: SocketConstructor): Transport => ({
  name: 'websocket',
  open(reading, emit) {
    let socket: SocketLike | undefined
    let isBadCursor = false

    const say = (frame: object) => socket?.send(JSON.stringify(frame))
    const close = () => {
      const closing = socket
      socket = undefined
      closing?.close()
    }
    const end = (closure: Closure) => {
      close()
      emit({ closure })
    }

    try {
      socket = new WebSocket(url)
      socket.onopen = () => say({ op: 'connect', ...reading })
      socket.onmessage = ({ data }: { data: string }) => {
        if (socket === undefined) return
        let frame: Frame
        try {
          frame = readFrame(JSON.parse(data))
        } catch {
          return end({ kind: 'unusable', why: 'a malformed answer' })
        }
        if (frame.op === 'error') isBadCursor = frame.code === 'invalid_cursor'
        emit(frame)
      }
      socket.onclose = ({ code }: { code: number }) => {
        if (socket === undefined) return
        end(isBadCursor ? { kind: 'badCursor', why: 'unknown cursor' } : closureOfCode(code))
      }
      // `close` follows, and says more. Without a listener, `ws` would throw.
      socket.onerror = () => {}
    } catch {
      // A page served by https may not open ws:, and says so by throwing.
      queueMicrotask(() => end({ kind: 'unusable', why: 'WebSocket is not allowed here' }))
    }
    return { close, say }
  },
})
