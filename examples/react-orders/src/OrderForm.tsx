// A place to order something.

import { type FormEvent, useState } from 'react'

export function OrderForm({ onOrder }: { onOrder: (item: string) => Promise<void> }) {
  const [item, setItem] = useState('')

  function submit(event: FormEvent) {
    event.preventDefault()
    setItem('')
    void onOrder(item)
  }

  return (
    <form onSubmit={submit}>
      <label>
        <span>What would you like?</span>
        <input
          value={item}
          onChange={(event) => setItem(event.target.value)}
          placeholder="Flat white"
          autoComplete="off"
          maxLength={80}
          required
        />
      </label>
      <button type="submit">Order</button>
    </form>
  )
}
