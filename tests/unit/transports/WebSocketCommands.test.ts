import { expect, it } from '@jest/globals'
import { Access } from '../../../server/security/Access.js'
import type { Publisher } from '../../../server/security/Publisher.js'
import { WebSocketCommands } from '../../../server/transports/WebSocketCommands.js'
import type { WebSocketConnection } from '../../../server/transports/WebSocketConnection.js'
import { SyncError } from '../../../shared/errors.js'
import type { Principal } from '../../../shared/principal.js'
import { ann, Stage } from '../delivery/MemoryConnection.js'

const BOUND = 4096
/** Of a frame, which is charged by its size. */
const BYTES = 60
const send = { op: 'send', message: { type: 'a' }, ref: 1 }

/** Commands whose sends are answered when the test says so. */
function setUp() {
  const answers: (() => void)[] = []
  const published = { messageId: 'm', cursor: 'c', timestamp: 1, isDuplicate: false }
  const publisher = {
    sendKeyed: () => new Promise((resolve) => answers.push(() => resolve(published))),
  }
  const said: string[] = []
  const holds: string[] = []
  const became: string[][] = []
  const connection = {
    principal: ann,
    isOpen: true,
    reading: new Map(),
    addAudiencesSince: () => {
      throw new SyncError('unavailable', 'too many are catching up')
    },
    become: (_principal: Principal, audiences: string[]) => became.push(audiences),
    say: (op: string) => said.push(op),
    hold: () => holds.push('hold'),
    letGo: () => holds.push('letGo'),
  }
  const context = {
    log: new Stage().log,
    access: new Access({ authorizeTopic: () => true, topicsClaim: 'topics', adminRole: 'admin' }),
    publisher: publisher as unknown as Publisher,
    reach: () => undefined,
    maxTopics: 50,
  }
  const commands = new WebSocketCommands(context, connection as unknown as WebSocketConnection, {
    identifyAnew: async () => ann,
    sayError: () => said.push('error'),
  })
  return { commands, answers, said, holds, became }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

it('refuses sends beyond 4,096 that await their answer, and takes them again after', async () => {
  const { commands, answers, said } = setUp()
  for (let sent = 0; sent < BOUND; sent += 1) void commands.run(send, BYTES)
  const unavailable = expect.objectContaining({ code: 'unavailable' })
  expect(() => commands.run(send, BYTES)).toThrow(unavailable as unknown as Error)
  expect(answers).toHaveLength(BOUND)
  answers[0]?.()
  await settled()
  void commands.run(send, BYTES)
  expect(() => commands.run(send, BYTES)).toThrow(unavailable as unknown as Error)
  expect(answers).toHaveLength(BOUND + 1)
  for (const answer of answers.slice(1)) answer()
  await settled()
  expect(said).toEqual(Array.from({ length: BOUND + 1 }, () => 'ok'))
})

it('reads no more from 64 sends under way on, until there are fewer', async () => {
  const { commands, answers, holds } = setUp()
  for (let sent = 0; sent < 63; sent += 1) void commands.run(send, BYTES)
  expect(holds).toEqual([])
  void commands.run(send, BYTES)
  expect(holds).toEqual(['hold'])
  answers[0]?.()
  await settled()
  expect(holds).toEqual(['hold', 'letGo'])
})

it('does not grant by a refresh what was refused to a subscribe', async () => {
  const { commands, became } = setUp()
  const subscribe = { op: 'subscribe', topics: ['news'], since: 0, ref: 1 }
  expect(() => commands.run(subscribe, BYTES)).toThrow('catching up')
  await commands.run({ op: 'refresh', token: 'x' }, BYTES)
  expect(became).toHaveLength(1)
  expect(became[0]).not.toContain('t:news')
})
