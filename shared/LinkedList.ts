// Items from oldest to newest, of which any can be taken out without moving the others.

export interface Linked<Item> {
  older: Item | undefined
  newer: Item | undefined
}

export class LinkedList<Item extends Linked<Item>> {
  #oldest: Item | undefined
  #newest: Item | undefined
  #size = 0

  get oldest(): Item | undefined {
    return this.#oldest
  }

  get size(): number {
    return this.#size
  }

  /** As the newest. It may stand in one list only. */
  add(item: Item): void {
    item.older = this.#newest
    if (this.#newest === undefined) this.#oldest = item
    else this.#newest.newer = item
    this.#newest = item
    this.#size += 1
  }

  remove(item: Item): void {
    if (item.older === undefined) this.#oldest = item.newer
    else item.older.newer = item.newer
    if (item.newer === undefined) this.#newest = item.older
    else item.newer.older = item.older
    item.older = undefined
    item.newer = undefined
    this.#size -= 1
  }
}
