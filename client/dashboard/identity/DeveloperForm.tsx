// Open mode: a name and roles of one's choice, as `curl` says them with `Bearer dev:alice:manager`.

import { type SyntheticEvent, useState } from 'react'
import { useSession } from '../page/Session.js'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

export function DeveloperForm() {
  const { token, setToken } = useSession()
  const [, given = '', givenRoles = ''] = token?.split(':') ?? []
  const [name, setName] = useState(given)
  const [roles, setRoles] = useState(givenRoles)
  const faults = [
    ...(NAME.test(name) ? [] : ['Name: letters, digits and ._-']),
    ...(listed(roles).every((role) => NAME.test(role))
      ? []
      : ['Roles: names, with commas between']),
  ]
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (faults.length > 0) return
    setToken(['dev', name, listed(roles).join()].filter((part) => part !== '').join(':'))
  }
  return (
    <form className="identity-form" onSubmit={submit}>
      <p className="small dim">
        This server runs in open mode: whoever reaches it may say who they are. Another user starts
        the page anew.
      </p>
      <label className="field">
        <span>Name</span>
        <input
          className="input"
          value={name}
          placeholder="alice"
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label className="field">
        <span>Roles, with commas between</span>
        <input
          className="input"
          value={roles}
          placeholder="admin, manager"
          onChange={(event) => setRoles(event.target.value)}
        />
      </label>
      {name !== '' &&
        faults.map((fault) => (
          <p key={fault} className="error">
            {fault}
          </p>
        ))}
      <div className="row">
        <button type="submit" className="button primary" disabled={faults.length > 0}>
          Become {name || 'somebody'}
        </button>
        <button type="button" className="button" onClick={() => setToken(undefined)}>
          Be anonymous
        </button>
      </div>
    </form>
  )
}

const listed = (text: string): readonly string[] =>
  text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '')
