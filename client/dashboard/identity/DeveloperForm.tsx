// Open mode: a name and roles of one's choice, as `curl` says them with `Bearer dev:alice:manager`.

import { type SyntheticEvent, useState } from 'react'
import { Field } from '../page/Field.js'
import { useSession } from '../page/Session.js'
import { listed } from '../page/text.js'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

interface FormProps {
  readonly onDone: () => void
}

export function DeveloperForm({ onDone }: FormProps) {
  const { token, setToken } = useSession()
  const [, given = '', givenRoles = ''] = token?.split(':') ?? []
  const [name, setName] = useState(given)
  const [roles, setRoles] = useState(givenRoles)
  const isNamed = NAME.test(name)
  const areRoles = listed(roles).every((role) => NAME.test(role))
  const use = (next: string | undefined) => {
    setToken(next)
    onDone()
  }
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    use(['dev', name, listed(roles).join()].filter((part) => part !== '').join(':'))
  }
  return (
    <form className="identity-form" onSubmit={submit}>
      <p className="small dim">
        This server runs in open mode: whoever reaches it may say who they are. Another user starts
        the page anew.
      </p>
      <Field
        label="Name"
        placeholder="alice"
        value={name}
        fault={isNamed || name === '' ? undefined : 'Letters, digits and ._-'}
        onText={setName}
      />
      <Field
        label="Roles, with commas between"
        placeholder="admin, manager"
        value={roles}
        fault={areRoles ? undefined : 'Names of letters, digits and ._-, with commas between'}
        onText={setRoles}
      />
      <div className="row">
        <button type="submit" className="button primary" disabled={!isNamed || !areRoles}>
          Become {name || 'somebody'}
        </button>
        <button type="button" className="button" onClick={() => use(undefined)}>
          Be anonymous
        </button>
      </div>
    </form>
  )
}
