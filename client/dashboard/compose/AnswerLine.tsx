// What the server answered.

import { type Answer, ApiError } from '../page/api.js'
import { refusalOf } from '../page/refusal.js'
import { count } from '../page/text.js'

export type Outcome =
  | { readonly isGood: true; readonly answer: Answer; readonly elapsedMs: number }
  | { readonly isGood: false; readonly error: ApiError; readonly refusal: string }

/** Never rejects. */
export async function outcomeOf(asked: Promise<Answer>): Promise<Outcome> {
  const startedAt = performance.now()
  try {
    const answer = await asked
    return { isGood: true, answer, elapsedMs: Math.round(performance.now() - startedAt) }
  } catch (error) {
    const told = error instanceof ApiError ? error : new ApiError(0, 'unknown', String(error))
    return { isGood: false, error: told, refusal: refusalOf(told) }
  }
}

export function AnswerLine({ outcome }: { readonly outcome: Outcome | undefined }) {
  return (
    <div className="answer" role="status" data-is-good={outcome?.isGood}>
      {outcome === undefined && <p className="small dim">The server's answer appears here.</p>}
      {outcome?.isGood === true && <Published {...outcome} />}
      {outcome?.isGood === false && (
        <p>
          <strong>
            {outcome.error.status || ''} {outcome.error.code}
          </strong>
          <br />
          {outcome.refusal}
        </p>
      )}
    </div>
  )
}

function Published({ answer, elapsedMs }: { readonly answer: Answer; readonly elapsedMs: number }) {
  const { messageId, recipients, cursor } = answer
  return (
    <>
      <p>
        <strong>{messageId ? 'The log has it' : 'Told to resync'}</strong>
        {recipients !== undefined && ` · ${count(recipients)} ${plural(recipients)} reached`}
        {` · ${elapsedMs} ms`}
      </p>
      {messageId && <p className="mono dim">{messageId}</p>}
      <p className="mono dim">cursor {cursor}</p>
    </>
  )
}

const plural = (recipients: number) => (recipients === 1 ? 'connection' : 'connections')
