import { expect, it } from '@jest/globals'
import { LocalDuties } from '../../../server/services/duties/LocalDuties.js'
import { dutiesContract, Holder } from './dutiesContract.js'

dutiesContract('LocalDuties', async () => new LocalDuties())

it('remembers what a thousand withdrawn duties noted, and no more', async () => {
  const duties = new LocalDuties()
  const bid = (name: string) => {
    const holder = new Holder()
    return { holder, withdraw: duties.bid(name, holder) }
  }
  const bids = Array.from({ length: 1001 }, (_, n) => bid(`duty ${n}`))
  for (const { holder } of bids) await (await holder.holds()).note({ x: 'noted' })
  for (const { withdraw } of bids) withdraw()
  const recalled = async (name: string) => (await bid(name).holder.holds()).recall()
  expect(await recalled('duty 0')).toEqual({})
  expect(await recalled('duty 1000')).toEqual({ x: 'noted' })
  await duties.stop()
})
