// WebSocket close codes. The range says whether to come back: 4500–4999 is final, 4401 asks for a
// fresh token first, everything else means reconnect. Reasons are fixed ASCII (RFC 6455, 7.1.6).

export interface CloseCode {
  readonly code: number
  readonly reason: string
}

export const CLOSE = {
  restarting: { code: 1012, reason: 'restarting' },
  overCapacity: { code: 1013, reason: 'over capacity' },
  internal: { code: 1011, reason: 'internal' },
  invalidConnect: { code: 4400, reason: 'invalid connect' },
  staleToken: { code: 4401, reason: 'fresh token needed' },
  unknownKey: { code: 4401, reason: 'unknown key' },
  noFirstFrame: { code: 4408, reason: 'no first frame' },
  didNotRead: { code: 4413, reason: 'did not read' },
  tooManyFrames: { code: 4429, reason: 'too many frames' },
  rateLimited: { code: 4429, reason: 'rate limited' },
  badFrame: { code: 4500, reason: 'bad frame' },
  invalidToken: { code: 4501, reason: 'invalid token' },
  forbidden: { code: 4503, reason: 'forbidden' },
} as const satisfies Record<string, CloseCode>
