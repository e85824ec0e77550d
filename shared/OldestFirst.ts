// A Map that gives its oldest entry at once, however much was deleted in front of it, and that moves
// no more than a part of its keys at a time.

import { type Linked, LinkedList } from './LinkedList.js'
import { ShardedMap } from './ShardedMap.js'

interface Node<Value> extends Linked<Node<Value>> {
  readonly key: string
  value: Value
}

export class OldestFirst<Value> {
  readonly #nodes = new ShardedMap<Node<Value>>()
  #order = new LinkedList<Node<Value>>()

  get size(): number {
    return this.#order.size
  }

  get(key: string): Value | undefined {
    return this.#nodes.get(key)?.value
  }

  /** As the newest, if it isn't there; else where it stands. */
  set(key: string, value: Value): void {
    const known = this.#nodes.get(key)
    if (known === undefined) this.#add({ key, value, older: undefined, newer: undefined })
    else known.value = value
  }

  delete(key: string): boolean {
    const node = this.#nodes.get(key)
    if (node === undefined) return false
    this.#nodes.delete(key)
    this.#order.remove(node)
    return true
  }

  clear(): void {
    this.#nodes.clear()
    this.#order = new LinkedList()
  }

  /** Oldest first. Nothing may be deleted meanwhile. */
  *[Symbol.iterator](): Generator<[string, Value]> {
    for (let node = this.#order.oldest; node !== undefined; node = node.newer) {
      yield [node.key, node.value]
    }
  }

  /** The entry that came first of those that are left. */
  get oldest(): readonly [string, Value] | undefined {
    const { oldest } = this.#order
    return oldest && [oldest.key, oldest.value]
  }

  #add(node: Node<Value>): void {
    this.#nodes.set(node.key, node)
    this.#order.add(node)
  }
}
