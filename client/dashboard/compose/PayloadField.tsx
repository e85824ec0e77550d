// The payload: any JSON, told to be none while one types.

import { useId } from 'react'

interface PayloadFieldProps {
  readonly text: string
  readonly fault: string | undefined
  readonly on: (text: string) => void
}

export function PayloadField({ text, fault, on }: PayloadFieldProps) {
  const id = useId()
  const faultId = `${id}-fault`
  const indent = () => on(JSON.stringify(JSON.parse(text), null, 2))
  return (
    <div className="field">
      <label htmlFor={id}>Payload, as JSON</label>
      <textarea
        id={id}
        className="input mono"
        rows={5}
        spellCheck={false}
        value={text}
        aria-invalid={fault !== undefined}
        aria-describedby={faultId}
        onChange={(event) => on(event.target.value)}
      />
      <div className="row payload-foot">
        <p id={faultId} className={fault ? 'error' : 'small dim'}>
          {fault ?? (text.trim() === '' ? 'No payload.' : 'Valid JSON.')}
        </p>
        <button
          type="button"
          className="button small"
          disabled={fault !== undefined || text.trim() === ''}
          onClick={indent}
        >
          Indent
        </button>
      </div>
    </div>
  )
}
