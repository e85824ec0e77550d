// What a Node process really holds on to: its heap after a full collection, asked for through its
// inspector. It has to run with INSPECTED among its options.

import { WebSocket } from 'ws'

/** A port of its own choice. */
export const INSPECTED = '--inspect=127.0.0.1:0'

/** Bytes; `output` is what the process has printed. */
export async function liveHeapBytes(output: string): Promise<number> {
  const url = /Debugger listening on (ws:\S+)/.exec(output)?.[1]
  if (url === undefined) throw new Error('this process is not inspected')
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  try {
    // What a first collection finalizes, a second one frees.
    await call(socket, 1, 'HeapProfiler.collectGarbage')
    await call(socket, 2, 'HeapProfiler.collectGarbage')
    const { usedSize } = (await call(socket, 3, 'Runtime.getHeapUsage')) as { usedSize: number }
    return usedSize
  } finally {
    socket.terminate()
  }
}

function call(socket: WebSocket, id: number, method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const hear = (data: unknown) => {
      const answer = JSON.parse(String(data))
      if (answer.id !== id) return
      socket.off('message', hear)
      if (answer.error) reject(new Error(`${method}: ${answer.error.message}`))
      else resolve(answer.result)
    }
    socket.on('message', hear)
    socket.once('close', () => reject(new Error('the inspector has gone')))
    socket.send(JSON.stringify({ id, method }))
  })
}
