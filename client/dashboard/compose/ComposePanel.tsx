// Publishing by hand: a message, or a forced resync.

import { RefreshCw, Send } from 'lucide-react'
import { type SyntheticEvent, useState } from 'react'
import type { Answer } from '../page/api.js'
import { Field } from '../page/Field.js'
import { Panel } from '../page/Panel.js'
import { Segments } from '../page/Segments.js'
import { useSession } from '../page/Session.js'
import { useIsAdmin } from '../server/useIsAdmin.js'
import { AnswerLine, type Outcome, outcomeOf } from './AnswerLine.js'
import { AudienceFields } from './AudienceFields.js'
import { audienceOf, draftOf, FIRST_WRITING, faultsOf, type Writing } from './draft.js'
import { PayloadField } from './PayloadField.js'
import './compose.css'

export function ComposePanel() {
  const { api } = useSession()
  const { writing, change } = useWriting()
  const [outcome, setOutcome] = useState<Outcome>()
  const faults = faultsOf(writing)
  const canPublish = Object.keys(faults).length === 0
  const tell = async (answer: Promise<Answer>) => setOutcome(await outcomeOf(answer))
  const publish = (event: SyntheticEvent) => {
    event.preventDefault()
    if (canPublish) void tell(api[writing.route](draftOf(writing)))
  }
  const force = () => {
    const isEveryone = writing.route === 'broadcast' && writing.audience === 'default'
    void tell(api.force(isEveryone ? { everyone: true } : audienceOf(writing)))
  }
  return (
    <Panel title="Compose" className="compose">
      <form className="compose-form" onSubmit={publish}>
        <Segments
          legend="Route"
          value={writing.route}
          choices={{ broadcast: 'Broadcast', send: 'Send' }}
          on={(route) => change({ route })}
        />
        <Field
          label="Type"
          className="mono"
          spellCheck={false}
          value={writing.type}
          fault={faults.type}
          onText={(type) => change({ type })}
        />
        <AudienceFields writing={writing} fault={faults.names} on={change} />
        <PayloadField
          text={writing.payload}
          fault={faults.payload}
          on={(payload) => change({ payload })}
        />
        <div className="row">
          <button type="submit" className="button primary" disabled={!canPublish}>
            <Send size={15} aria-hidden />
            {writing.route === 'send' ? 'Send' : 'Broadcast'}
          </button>
          <button
            type="button"
            className="button"
            disabled={faults.names !== undefined}
            onClick={force}
            title="Tells the same audience to fetch its state anew"
          >
            <RefreshCw size={15} aria-hidden />
            Force resync
          </button>
        </div>
      </form>
      <AnswerLine outcome={outcome} />
    </Panel>
  )
}

/** Broadcasts only from admins are taken; who may not begins with what is taken from all. */
function useWriting() {
  const isAdmin = useIsAdmin()
  const [changes, setChanges] = useState<Partial<Writing>>({})
  const writing: Writing = { ...FIRST_WRITING, route: isAdmin ? 'broadcast' : 'send', ...changes }
  const change = (part: Partial<Writing>) => setChanges((before) => ({ ...before, ...part }))
  return { writing, change }
}
