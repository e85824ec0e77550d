// A Map in many parts. One Map with a million keys moves all of them at once where it grows or shrinks,
// and nobody is served for a tenth of a second; of these, one moves its own.

/** A part has some ten thousand keys where all of them have a million. */
const SHARDS = 64

export class ShardedMap<Value> {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, Value>())

  get size(): number {
    return this.#shards.reduce((sum, { size }) => sum + size, 0)
  }

  get(key: string): Value | undefined {
    return this.#shardOf(key).get(key)
  }

  set(key: string, value: Value): void {
    this.#shardOf(key).set(key, value)
  }

  delete(key: string): void {
    this.#shardOf(key).delete(key)
  }

  clear(): void {
    for (const shard of this.#shards) shard.clear()
  }

  #shardOf(key: string): Map<string, Value> {
    let hash = 0
    for (let at = 0; at < key.length; at += 1) hash = (hash * 31 + key.charCodeAt(at)) | 0
    return this.#shards[hash & (SHARDS - 1)] as Map<string, Value>
  }
}
