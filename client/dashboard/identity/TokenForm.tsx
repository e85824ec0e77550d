// A server that verifies tokens: the one to speak with. It is kept in memory, and nowhere else.

import { type SyntheticEvent, useState } from 'react'
import { Field } from '../page/Field.js'
import { useSession } from '../page/Session.js'

interface FormProps {
  readonly onDone: () => void
}

export function TokenForm({ onDone }: FormProps) {
  const { token, setToken } = useSession()
  const [text, setText] = useState('')
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    setToken(text.trim())
    setText('')
    onDone()
  }
  return (
    <form className="identity-form" onSubmit={submit}>
      <p className="small dim">
        This server verifies tokens. Yours stays in this tab's memory: it is gone when the page is
        loaded anew.
      </p>
      <Field
        label="Token"
        className="mono"
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onText={setText}
      />
      <div className="row">
        <button type="submit" className="button primary" disabled={text.trim() === ''}>
          Use this token
        </button>
        {token !== undefined && (
          <button type="button" className="button" onClick={() => setToken(undefined)}>
            Forget mine
          </button>
        )}
      </div>
    </form>
  )
}
