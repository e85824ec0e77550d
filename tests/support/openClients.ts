// The clients that are open now, so that a test that fails halfway leaves none behind: one that is
// never closed keeps Jest from ending.

type Close = () => unknown

const open = new Set<Close>()

/** Remembers a client until the function that this returns is called. */
export function noteOpen(close: Close): () => void {
  open.add(close)
  return () => {
    open.delete(close)
  }
}

/** Closes what is still open. */
export async function closeOpenClients(): Promise<void> {
  const left = [...open]
  open.clear()
  await Promise.all(left.map((close) => close()))
}
