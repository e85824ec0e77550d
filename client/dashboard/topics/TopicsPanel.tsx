// What this tab listens to, beside what is meant for its user and for everyone.

import { X } from 'lucide-react'
import { type RefObject, type SyntheticEvent, useId, useRef, useState } from 'react'
import { useConnectionManager } from '../../react/index.js'
import { Panel } from '../page/Panel.js'
import './topics.css'

export function TopicsPanel() {
  const { topics, denied, subscribe, unsubscribe } = useConnectionManager()
  const field = useRef<HTMLInputElement>(null)
  const drop = (topic: string) => {
    unsubscribe([topic])
    // The button goes with its topic, and the focus with it.
    field.current?.focus()
  }
  return (
    <Panel title="Topics" className="topics">
      {topics.length === 0 ? (
        <p className="small dim">
          None. What is published to a topic reaches those who subscribe to it, whoever they are.
        </p>
      ) : (
        <ul className="row">
          {topics.map((topic) => (
            <li key={topic} className="chip" data-is-denied={denied.includes(topic)}>
              {topic}
              {denied.includes(topic) && ' (not allowed)'}
              <button
                type="button"
                aria-label={`Unsubscribe from ${topic}`}
                onClick={() => drop(topic)}
              >
                <X size={13} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <SubscribeForm field={field} topics={topics} subscribe={subscribe} />
    </Panel>
  )
}

interface SubscribeFormProps {
  readonly field: RefObject<HTMLInputElement | null>
  readonly topics: readonly string[]
  readonly subscribe: (topics: readonly string[]) => void
}

function SubscribeForm({ field, topics, subscribe }: SubscribeFormProps) {
  const [name, setName] = useState('')
  const [fault, setFault] = useState('')
  const faultId = useId()
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    // Subscriptions are counted, and one click takes one away.
    if (name === '' || topics.includes(name)) return
    try {
      subscribe([name])
      setName('')
      setFault('')
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error))
    }
  }
  return (
    <form onSubmit={submit}>
      <div className="row topics-form">
        <input
          ref={field}
          className="input"
          aria-label="Topic to subscribe to"
          aria-invalid={fault !== ''}
          aria-describedby={faultId}
          placeholder="orders"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <button type="submit" className="button">
          Subscribe
        </button>
      </div>
      <p id={faultId} className="error" role="alert">
        {fault}
      </p>
    </form>
  )
}
