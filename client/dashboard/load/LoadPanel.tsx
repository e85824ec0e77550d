// The load button: something to watch while one breaks the network.

import { Square, Zap } from 'lucide-react'
import { type SyntheticEvent, useRef, useState } from 'react'
import { ApiError } from '../page/api.js'
import { Panel } from '../page/Panel.js'
import { useSession } from '../page/Session.js'
import { count } from '../page/text.js'
import { type LoadProgress, runLoad } from './load.js'
import './load.css'

const MOST_PER_SECOND = 1000
const MOST_SECONDS = 600

export function LoadPanel() {
  const { api } = useSession()
  const [perSecond, setPerSecond] = useState(10)
  const [seconds, setSeconds] = useState(60)
  const [progress, setProgress] = useState<LoadProgress>()
  const [fault, setFault] = useState('')
  const running = useRef<AbortController>(undefined)
  const start = async () => {
    const controller = new AbortController()
    running.current = controller
    setFault('')
    setProgress({ published: 0, total: perSecond * seconds })
    await runLoad(api, { perSecond, seconds }, setProgress, controller.signal).catch((error) =>
      setFault(`Ended early: ${error instanceof ApiError ? error.message : String(error)}`),
    )
    setProgress(undefined)
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    void start()
  }
  return (
    <Panel title="Load" className="load">
      <form className="load-form" onSubmit={submit}>
        <p className="small dim">
          Messages to your own connections: something to watch while you break the network.
        </p>
        <div className="row load-fields">
          <NumberField
            label="per second"
            value={perSecond}
            most={MOST_PER_SECOND}
            on={setPerSecond}
          />
          <NumberField label="for seconds" value={seconds} most={MOST_SECONDS} on={setSeconds} />
          {progress ? (
            <button type="button" className="button" onClick={() => running.current?.abort()}>
              <Square size={14} aria-hidden />
              Stop
            </button>
          ) : (
            <button type="submit" className="button">
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

interface NumberFieldProps {
  readonly label: string
  readonly value: number
  readonly most: number
  readonly on: (value: number) => void
}

function NumberField({ label, value, most, on }: NumberFieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        className="input"
        type="number"
        required
        min={1}
        max={most}
        value={Number.isNaN(value) ? '' : value}
        onChange={(event) => on(event.target.valueAsNumber)}
      />
    </label>
  )
}
