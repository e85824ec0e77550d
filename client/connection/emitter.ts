// Listeners by name. One that throws doesn't keep the others from being told.

export function createEmitter<Events extends object>() {
  const listeners = new Map<keyof Events, Set<(value: never) => void>>()
  const queue: (() => void)[] = []

  function tell(name: keyof Events, value: unknown): void {
    for (const listener of [...(listeners.get(name) ?? [])]) {
      try {
        listener(value as never)
      } catch (error) {
        // As the DOM does with its listeners: reported where uncaught errors are.
        setTimeout(() => {
          throw error
        })
      }
    }
  }

  return {
    /** Returns what takes the listener away again. The same function may be added more than once. */
    on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
      const own = (value: Events[Name]) => listener(value)
      const some = listeners.get(name) ?? new Set()
      listeners.set(name, some.add(own))
      return () => void some.delete(own)
    },

    /** What a listener causes is told when all have heard the cause. */
    emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
      queue.push(() => tell(name, value))
      if (queue.length > 1) return
      for (; queue[0]; queue.shift()) queue[0]()
    },
  }
}
