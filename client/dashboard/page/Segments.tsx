// One of a few, side by side: radio buttons that look like one control.

import { useId } from 'react'

interface SegmentsProps<Value extends string> {
  readonly legend: string
  readonly value: Value
  /** Value → what it is called. */
  readonly choices: Readonly<Record<Value, string>>
  readonly on: (value: Value) => void
}

export function Segments<Value extends string>(props: SegmentsProps<Value>) {
  const { legend, value, choices, on } = props
  const name = useId()
  return (
    <fieldset className="segments">
      <legend>{legend}</legend>
      <div>
        {(Object.keys(choices) as Value[]).map((choice) => (
          <label key={choice}>
            <input
              type="radio"
              name={name}
              checked={choice === value}
              onChange={() => on(choice)}
            />
            {choices[choice]}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
