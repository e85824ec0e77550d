// What every admission promises, however many nodes it is spread over: no more sockets and streams
// of a user or an address than its cap, and a place for each that leaves.

import { beforeEach, describe, expect, it } from '@jest/globals'
import { Admission } from '../../../server/security/Admission.js'
import { ConnectionLimits, type Release } from '../../../server/security/ConnectionLimits.js'
import { Gate } from '../../../server/security/Gate.js'
import type { RedisPlaces } from '../../../server/security/RedisPlaces.js'
import { SyncError } from '../../../shared/errors.js'
import type { Principal } from '../../../shared/principal.js'
import { waitFor } from '../../support/waitFor.js'

export interface Caps {
  readonly maxPerUser: number
  readonly maxPerAddress: number
}

const MANY = 1000

export const principalOf = (userId: string): Principal => ({
  userId,
  roles: [],
  topics: { subscribe: [], publish: [] },
})

/** An admission of one node, and how to change what it asks others. */
export function admissionOf(caps: Caps, places?: RedisPlaces) {
  const gate = new Gate()
  gate.logBegan()
  const limits = new ConnectionLimits({ maxConnections: MANY, ...caps })
  const now = { isCurrent: true }
  const validity = {
    assertCurrent() {
      if (!now.isCurrent) throw new SyncError('unauthorized', 'revoked')
    },
  }
  return { admission: new Admission({ limits, places, validity, gate }), gate, now }
}

/** A place, or `undefined` where there is none. */
export async function placeOf(
  admission: Admission,
  userId = 'ann',
  address = 'a',
): Promise<Release | undefined> {
  try {
    return await admission.admit(principalOf(userId), address)
  } catch (error) {
    expect(error).toMatchObject({ code: 'unavailable', retryAfterSeconds: 5 })
    return undefined
  }
}

/** What has left makes room in a moment. */
export const freedPlace = (admission: Admission, userId?: string, address?: string) =>
  waitFor('a place to be free', () => placeOf(admission, userId, address))

export const placesOf = async (all: readonly Promise<Release | undefined>[]): Promise<Release[]> =>
  (await Promise.all(all)).filter((place) => place !== undefined)

export function admissionContract(
  name: string,
  create: (caps: Caps) => Promise<readonly [Admission, Admission]>,
): void {
  describe(`${name}: places`, () => {
    let here: Admission
    let there: Admission
    beforeEach(async () => {
      ;[here, there] = await create({ maxPerUser: 3, maxPerAddress: 5 })
    })

    it('of a user are as many as its cap, exactly, wherever they are asked for at once', async () => {
      const asked = Array.from({ length: 20 }, (_, index) =>
        placeOf([here, there][index % 2]!, 'ann', `a${index}`),
      )
      expect(await placesOf(asked)).toHaveLength(3)
      expect(await placeOf(here, 'bob')).toBeDefined()
    })

    it('are given back once, however often that is said', async () => {
      const places = await placesOf([placeOf(here), placeOf(there), placeOf(here)])
      places[0]!()
      places[0]!()
      const next = await freedPlace(there)
      expect(await placeOf(here)).toBeUndefined()
      for (const place of [next, ...places]) place()
      for (let times = 0; times < 3; times += 1) await freedPlace(times % 2 ? here : there)
      expect(await placeOf(there)).toBeUndefined()
    })

    it('are not taken by who was refused', async () => {
      await placesOf([placeOf(here), placeOf(here), placeOf(here)])
      for (let attempt = 0; attempt < 5; attempt += 1) {
        expect(await placeOf([here, there][attempt % 2]!, 'ann', 'b')).toBeUndefined()
      }
      const others = ['b1', 'b2', 'b3', 'b4', 'b5'].map((user) => placeOf(there, user, 'b'))
      expect(await placesOf(others)).toHaveLength(5)
    })
  })
}
