// A server that verifies tokens: the one to speak with. It is kept in memory, and nowhere else.

import { type SyntheticEvent, useState } from 'react'
import { Field } from '../page/Field.js'
import { useSession } from '../page/Session.js'

interface FormProps {
  /** Why the server wants a token, or another one. */
  readonly asked: string | undefined
  readonly onDone: () => void
}

export function TokenForm({ asked, onDone }: FormProps) {
  const { token, setToken } = useSession()
  const [text, setText] = useState('')
  const given = text.trim()
  const isRefused = asked !== undefined && given === token
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    setToken(given)
    setText('')
    onDone()
  }
  return (
    <form className="identity-form" onSubmit={submit}>
      {asked !== undefined && token !== undefined && (
        <p className="error" role="alert">
          The server refuses the token that this tab shows: {asked}.
        </p>
      )}
      <Origin />
      <Field
        label="Token"
        className="mono"
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={text}
        fault={isRefused ? 'This is the one that was refused.' : undefined}
        onText={setText}
      />
      <div className="row">
        <button type="submit" className="button primary" disabled={given === '' || isRefused}>
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

function Origin() {
  return (
    <div className="small dim identity-origin">
      <p>
        This server verifies tokens. They come from the identity provider that it trusts, or, where
        it has an <code>AUTH_JWT_SECRET</code>, from the command line in its folder:
      </p>
      <code className="mono">
        npx syncline token <span>--user alice</span> <span>--roles admin</span>
      </code>
      <p>Yours stays in this tab's memory: it is gone when the page is loaded anew.</p>
    </div>
  )
}
