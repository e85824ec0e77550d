// How a client of each peer introduces itself over a WebSocket, and how it knows that it was taken in.

/** What a client says of itself; each dialect takes what it knows. */
export interface Introduction {
  readonly token?: string | undefined
  readonly since?: string | undefined
  readonly topics?: readonly string[] | undefined
}

export interface Dialect {
  readonly path: string
  /** Whether the server speaks first. */
  readonly awaitsGreeting: boolean
  introduce(introduction: Introduction): string
  /** Whether this is the answer to the introduction. */
  isAnswer(text: string): boolean
  /** What to say in return, where something is expected. */
  reply?(text: string): string | undefined
}

export type DialectName = 'syncline' | 'plain' | 'socket.io'

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  syncline: {
    path: '/ws',
    awaitsGreeting: false,
    introduce: (introduction) => JSON.stringify({ op: 'connect', ...introduction }),
    isAnswer: (text) => text.startsWith('{"op":"connected"'),
  },
  plain: {
    path: '/',
    awaitsGreeting: false,
    introduce: ({ token }) => JSON.stringify({ token }),
    isAnswer: (text) => text.startsWith('{"welcome"'),
  },
  'socket.io': {
    path: '/socket.io/?EIO=4&transport=websocket',
    awaitsGreeting: true,
    introduce: ({ token }) => `40${JSON.stringify({ token })}`,
    isAnswer: (text) => text.startsWith('40'),
    reply: (text) => (text === '2' ? '3' : undefined),
  },
}
