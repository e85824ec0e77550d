// What every implementation of Duties promises.

import { describe, expect, it } from '@jest/globals'
import type { Duties, DutyHolder, Term } from '../../../server/services/duties/Duties.js'
import { waitFor } from '../../support/waitFor.js'

/** Holds a duty, and remembers its terms. */
export class Holder implements DutyHolder {
  readonly terms: Term[] = []
  isHolding = false

  assume(term: Term): void {
    if (this.isHolding) throw new Error('assumed twice')
    this.isHolding = true
    this.terms.push(term)
  }

  resign(): void {
    if (!this.isHolding) throw new Error('resigned without a term')
    this.isHolding = false
  }

  async holds(withinMs?: number): Promise<Term> {
    await waitFor('the duty to be assumed', () => this.isHolding, withinMs)
    return this.terms.at(-1) as Term
  }
}

export function dutiesContract(name: string, create: () => Promise<Duties>): void {
  describe(`${name}, as Duties`, () => {
    it('gives each duty to a holder, and remembers what it notes', async () => {
      const duties = await create()
      const [a, b] = [new Holder(), new Holder()]
      duties.bid('a', a)
      duties.bid('b', b)
      const [first, second] = [await a.holds(), await b.holds()]
      expect(await first.recall()).toEqual({})
      expect(await first.note({ x: '1', y: '{"é":1}' })).toBe(true)
      expect(await first.note({ x: '2' })).toBe(true)
      expect(await first.recall()).toEqual({ x: '2', y: '{"é":1}' })
      expect(await second.recall()).toEqual({})
      await duties.stop()
    })

    it('takes a duty back that is withdrawn: then nothing more is noted', async () => {
      const duties = await create()
      const holder = new Holder()
      const withdraw = duties.bid('a', holder)
      const term = await holder.holds()
      await term.note({ x: '1' })
      withdraw()
      withdraw()
      expect(holder.isHolding).toBe(false)
      const next = new Holder()
      duties.bid('a', next)
      expect(await (await next.holds()).recall()).toEqual({ x: '1' })
      expect(await term.note({ x: 'late' })).toBe(false)
      expect(await next.terms[0]?.recall()).toEqual({ x: '1' })
      await duties.stop()
    })

    it('can’t be bid for twice', async () => {
      const duties = await create()
      duties.bid('a', new Holder())
      expect(() => duties.bid('a', new Holder())).toThrow('twice')
      await duties.stop()
    })

    it('ends all terms when it stops', async () => {
      const duties = await create()
      const holder = new Holder()
      duties.bid('a', holder)
      await holder.holds()
      await duties.stop()
      expect(holder.isHolding).toBe(false)
    })
  })
}
