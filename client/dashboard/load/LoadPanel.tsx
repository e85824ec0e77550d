// The load button: something to watch while one breaks the network.

import { Square, Zap } from 'lucide-react'
import { type SyntheticEvent, useEffect, useRef, useState } from 'react'
import { ApiError } from '../page/api.js'
import { Field } from '../page/Field.js'
import { Panel } from '../page/Panel.js'
import { refusalOf } from '../page/refusal.js'
import { useSession } from '../page/Session.js'
import { count } from '../page/text.js'
import { type LoadProgress, runLoad } from './load.js'
import './load.css'

const MOST_PER_SECOND = 1000
const MOST_SECONDS = 600
/** Each takes one of the 100,000 idempotency keys that the server keeps for all, by default. */
const MOST_IN_ALL = 50_000

export function LoadPanel() {
  const { api } = useSession()
  const [perSecond, setPerSecond] = useState('10')
  const [seconds, setSeconds] = useState('60')
  const [progress, setProgress] = useState<LoadProgress>()
  const [fault, setFault] = useState('')
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])
  const load = { perSecond: Number(perSecond), seconds: Number(seconds) }
  const total = load.perSecond * load.seconds
  const start = async () => {
    const controller = new AbortController()
    running.current = controller
    setFault('')
    setProgress({ published: 0, total })
    await runLoad(api, load, setProgress, controller.signal).catch((error) =>
      setFault(`Ended early: ${error instanceof ApiError ? refusalOf(error) : String(error)}`),
    )
    if (!controller.signal.aborted) setProgress(undefined)
  }
  const stop = () => {
    running.current?.abort()
    setProgress(undefined)
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (total > MOST_IN_ALL) setFault(`At most ${count(MOST_IN_ALL)} messages at once.`)
    else void start()
  }
  return (
    <Panel title="Load" className="load">
      <form className="load-form" onSubmit={submit}>
        <p className="small dim">
          Messages to your own connections: something to watch while you break the network.
        </p>
        <div className="row load-fields">
          <Field
            label="per second"
            {...wholeUpTo(MOST_PER_SECOND)}
            value={perSecond}
            onText={setPerSecond}
          />
          <Field
            label="for seconds"
            {...wholeUpTo(MOST_SECONDS)}
            value={seconds}
            onText={setSeconds}
          />
          {progress ? (
            <button key="stop" type="button" className="button" onClick={stop}>
              <Square size={14} aria-hidden />
              Stop
            </button>
          ) : (
            // Another element than the one that was clicked, which would submit the form as well.
            <button key="start" type="submit" className="button">
              <Zap size={15} aria-hidden />
              Start
            </button>
          )}
        </div>
        {progress && (
          <p className="small dim load-progress">
            <progress
              aria-label="Published of the load"
              max={progress.total}
              value={progress.published}
            />
            {count(progress.published)} of {count(progress.total)}
          </p>
        )}
        {fault && (
          <p className="error" role="alert">
            {fault}
          </p>
        )}
      </form>
    </Panel>
  )
}

const wholeUpTo = (max: number) => ({ type: 'number', required: true, min: 1, max })
