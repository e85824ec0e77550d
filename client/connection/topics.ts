// What is subscribed to. Subscriptions are counted, so that two parts of an application may share a
// topic; changes made in one turn are told together.

export function createTopics(
  initial: readonly string[],
  onChange: (added: readonly string[], dropped: readonly string[]) => void,
) {
  const counts = new Map(initial.map((topic) => [topic, 1]))
  let names: readonly string[] = [...counts.keys()]
  /** What was told last, while something new is to be told. */
  let told: readonly string[] | undefined

  function changed(): void {
    if (told === undefined) {
      told = names
      queueMicrotask(tell)
    }
    names = [...counts.keys()]
  }

  function tell(): void {
    const before = told ?? []
    told = undefined
    const added = names.filter((topic) => !before.includes(topic))
    const dropped = before.filter((topic) => !counts.has(topic))
    onChange(added, dropped)
  }

  return {
    names: () => names,
    has: (topic: string) => counts.has(topic),

    add(topics: readonly string[]): void {
      for (const topic of topics) counts.set(topic, (counts.get(topic) ?? 0) + 1)
      changed()
    },

    remove(topics: readonly string[]): void {
      for (const topic of topics) {
        const count = (counts.get(topic) ?? 0) - 1
        if (count > 0) counts.set(topic, count)
        else counts.delete(topic)
      }
      changed()
    },

    /** Drops all, however often they were subscribed to. */
    clear(): void {
      counts.clear()
      changed()
    },
  }
}
