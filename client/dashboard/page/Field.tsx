// A line of text to fill in, with its label and what is wrong with it.

import { type InputHTMLAttributes, useId } from 'react'

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string
  /** What is wrong, in a sentence. */
  readonly fault?: string | undefined
  readonly onText: (text: string) => void
}

export function Field({ label, fault, onText, className = '', ...input }: FieldProps) {
  const id = useId()
  const faultId = `${id}-fault`
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        className={`input ${className}`}
        aria-invalid={fault !== undefined}
        aria-describedby={fault && faultId}
        onChange={(event) => onText(event.target.value)}
      />
      {fault && (
        <p id={faultId} className="error">
          {fault}
        </p>
      )}
    </div>
  )
}
