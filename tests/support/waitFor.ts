// Tests wait for conditions, never for time.

/** Resolves with the first truthy value of `condition`; rejects, saying `what`, after `withinMs`. */
export async function waitFor<Value>(
  what: string,
  condition: () => Value | Promise<Value>,
  withinMs = 30_000,
): Promise<NonNullable<Value>> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const value = await condition()
    if (value) return value as NonNullable<Value>
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A list that others append to and tests wait on: `next` takes items in order, each once. */
export class Inbox<Item> {
  readonly all: Item[] = []
  #taken = 0

  add(item: Item): void {
    this.all.push(item)
  }

  /** The first item not yet passed over for which `test` holds; those before it are passed over. */
  async next(
    what: string,
    test: (item: Item) => boolean = () => true,
    withinMs?: number,
  ): Promise<Item> {
    return waitFor(
      what,
      () => {
        while (this.#taken < this.all.length) {
          const item = this.all[this.#taken] as Item
          this.#taken += 1
          if (test(item)) return item
        }
        return undefined
      },
      withinMs,
    )
  }
}
