// One publication and what its publisher does about doubt: the same key again gives the same
// answer, and never another message.

import { setTimeout as delay } from 'node:timers/promises'
import type { Draft, Receipt } from './Publications.js'
import type { World } from './World.js'

/** `cut`: the connection is destroyed with the request under way, then it is asked again. */
export type Retry = 'none' | 'again' | 'at once' | 'cut' | 'other content'

/** Publishes drafts under a key. The key is its own, the same at every call. */
export type Ask = (
  drafts: readonly Draft[],
  signal?: AbortSignal,
  // biome-ignore lint/suspicious/noExplicitAny: answers differ from door to door
) => Promise<{ readonly status: number; readonly body: any }>

export async function publish(
  world: World,
  draft: () => readonly Draft[],
  retry: Retry,
  ask: Ask,
): Promise<void> {
  const drafts = draft()
  const askOnce = async (signal?: AbortSignal) => {
    const { status, body } = await ask(drafts, signal)
    if (status >= 300) throw new Error(`a publish was refused: ${JSON.stringify(body)}`)
    for (const [index, receipt] of receiptsIn(body).entries()) {
      world.publications.acknowledged(drafts[index]!, receipt)
    }
  }
  switch (retry) {
    case 'none':
      return askOnce()
    case 'again':
      await askOnce()
      return askOnce()
    case 'at once':
      await Promise.all([askOnce(), askOnce()])
      return
    case 'cut': {
      const controller = new AbortController()
      const cut = askOnce(controller.signal).catch(() => {})
      await delay(drafts[0]!.payload.n % 3)
      controller.abort()
      await cut
      return askOnce()
    }
    case 'other content': {
      await askOnce()
      const others = draft()
      for (const other of others) world.publications.refused(other)
      const { status } = await ask(others)
      if (status !== 422) throw new Error(`a key with other content was answered ${status}`)
      return
    }
    default:
      return retry satisfies never
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as above
function receiptsIn(body: any): Receipt[] {
  const { results, messageIds, cursor, duplicate } = body
  const told = { cursor, duplicate, messageId: body.messageId }
  const each: (typeof told)[] = results ??
    messageIds?.map((messageId: string, index: number) => ({
      messageId,
      duplicate,
      cursor: index === messageIds.length - 1 ? cursor : undefined,
    })) ?? [told]
  return each.map(({ messageId, cursor, duplicate }) => ({
    messageId,
    cursor,
    isDuplicate: duplicate,
  }))
}
