// What can happen on a walk: to the network, the server, the page, and by the application.

import fc from 'fast-check'
import type { ClientScene } from '../../support/client/ClientScene.js'
import type { SendOutcomes } from './SendOutcomes.js'
import type { WalkObserver } from './WalkObserver.js'

export interface Walk {
  readonly scene: ClientScene
  readonly observer: WalkObserver
  readonly sends: SendOutcomes
}

const AUDIENCES = {
  me: { userId: 'u_1' },
  other: { userId: 'u_2' },
  everyone: {},
  a: { topics: ['a'] },
  b: { topics: ['b'] },
  ab: { topics: ['a', 'b'] },
}
const audience = fc.constantFrom(...(Object.keys(AUDIENCES) as (keyof typeof AUDIENCES)[]))
const topic = fc.constantFrom('a', 'b')
const kind = fc.constantFrom('websocket' as const, 'sse' as const, 'poll' as const, 'send' as const)
const fault = fc.constantFrom('refuse' as const, 'swallow' as const, 'portal' as const)
const sendFault = fc.constantFrom('busy' as const, 'busy, applied' as const, 'cut' as const)
const op = <Name extends string>(name: Name) => fc.constant([name] as const)
const named = <Name extends string, Value>(name: Name, value: fc.Arbitrary<Value>) =>
  fc.tuple(fc.constant(name), value)

const NETWORK = [
  named('publish', audience),
  named('publish', audience),
  named('publish', audience),
  named('advance', fc.constantFrom(1, 6, 11, 60, 300, 600, 1600, 5000, 16_000, 50_000)),
  named('advance', fc.integer({ min: 0, max: 30 })),
  op('cut'),
  op('mute'),
  named('latency', fc.constantFrom(0, 5, 20, 150, 600)),
  named('fault', fc.tuple(kind, fault)),
  named('heal', kind),
  op('heal all'),
  named('hide', fc.boolean()),
  op('signal'),
  op('sleep'),
  op('drain'),
  named('lag', fc.boolean()),
  named('page', fc.constantFrom(1, 2, 100)),
  op('reconnect'),
  op('send'),
  named('send fault', sendFault),
] as const

const TOPICS = [
  named('subscribe', topic),
  named('unsubscribe', topic),
  named('resubscribe', topic),
  named('unsubscribe in handler', topic),
] as const

const LOSSES = [
  named('force', audience),
  named('retain', fc.constantFrom(0, 1, 3)),
  op('restart'),
  op('disconnect'),
] as const

/** Faults of the network alone. */
export const networkCommand = fc.oneof(...NETWORK)
/** And topics that come and go. */
export const topicCommand = fc.oneof(...NETWORK, ...TOPICS)
/** And a log that loses what it had. */
export const anyCommand = fc.oneof(...NETWORK, ...TOPICS, ...LOSSES)

export type Command = typeof anyCommand extends fc.Arbitrary<infer Value> ? Value : never

export async function run(command: Command, walk: Walk): Promise<void> {
  const { scene, observer, sends } = walk
  const { server, network, environment, manager } = scene
  const [name, value] = command
  switch (name) {
    case 'publish':
      server.publish(AUDIENCES[value], value)
      return
    case 'advance':
      return scene.advance(value)
    case 'cut':
      return network.cutAll()
    case 'mute':
      return network.muteAll()
    case 'latency':
      network.latencyMs = value
      return
    case 'fault':
      network.faults.set(...value)
      return
    case 'heal':
      network.faults.delete(value)
      return
    case 'heal all':
      return network.faults.clear()
    case 'hide':
      return environment.hide(value)
    case 'signal':
      return environment.signal()
    case 'sleep':
      return environment.sleep(40_000)
    case 'drain':
      server.drain(1500)
      environment.after(3000, () => server.closeAll(1012))
      return
    case 'lag':
      server.isLagging = value
      return server.pump()
    case 'page':
      server.polls.pageLimit = value
      return
    case 'reconnect':
      return manager.reconnect()
    case 'send':
      return sends.send()
    case 'send fault':
      server.sendFaults.push(value)
      return
    case 'subscribe':
      return observer.subscribe(value)
    case 'unsubscribe':
      return observer.unsubscribe(value)
    case 'resubscribe':
      observer.unsubscribe(value)
      return observer.subscribe(value)
    case 'unsubscribe in handler': {
      const stop = manager.onMessage(() => {
        stop()
        observer.unsubscribe(value)
      })
      return
    }
    case 'force':
      return server.force(AUDIENCES[value])
    case 'retain':
      server.log.cut(value)
      return observer.lost()
    case 'restart':
      scene.restart()
      return observer.lost()
    case 'disconnect':
      manager.disconnect()
      await scene.advance(20)
      return manager.connect()
    default:
      return name satisfies never
  }
}
