// One's own downloads, which nobody else is told of.

import { useState } from 'react'
import type { Shop } from './shop.js'
import { useRows } from './useRows.js'

export function Downloads({ shop }: { shop: Shop }) {
  const { rows, error } = useRows('downloads', shop.downloads)
  const [fault, setFault] = useState<Error>()

  function ask() {
    setFault(undefined)
    shop.download(`catalogue ${rows.length + 1}`).catch(setFault)
  }

  return (
    <section aria-label="Downloads">
      <h2>Downloads</h2>
      <button type="button" onClick={ask}>
        Ask for the catalogue
      </button>
      {fault && <p role="alert">Not done: {fault.message}</p>}
      {error && <p role="alert">The downloads could not be fetched: {error.message}</p>}
      <ul className="downloads orders" aria-label="Your downloads">
        {rows.map(({ _id, file, status }) => (
          <li key={_id} data-status={status}>
            <span className="item">{file}</span>
            <span className="status">{status}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
