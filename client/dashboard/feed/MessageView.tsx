// One message in full.

import { Copy, X } from 'lucide-react'
import { useState } from 'react'
import type { Entry } from './Feed.js'
import { JsonView } from './JsonView.js'

interface MessageViewProps {
  readonly entry: Entry
  readonly onClose: () => void
}

export function MessageView({ entry, onClose }: MessageViewProps) {
  return (
    <aside
      className="message-view"
      aria-label="The chosen message"
      onKeyDown={({ key }) => key === 'Escape' && onClose()}
    >
      <header className="row">
        <strong>{entry.kind === 'message' ? entry.message.type : 'resync'}</strong>
        {entry.kind === 'message' && <CopyButton key={entry.key} value={entry.message} />}
        <button type="button" className="button small" aria-label="Close" onClick={onClose}>
          <X size={14} aria-hidden />
        </button>
      </header>
      {entry.kind === 'message' ? (
        <JsonView value={entry.message} />
      ) : (
        <p>
          The server can't prove that nothing was missed ({entry.reason}). It says so, and an app
          fetches its state anew.
        </p>
      )}
    </aside>
  )
}

function CopyButton({ value }: { readonly value: object }) {
  const [word, setWord] = useState('Copy')
  // Without a secure context there is no clipboard to write to.
  if (!navigator.clipboard) return null
  const copy = () => {
    navigator.clipboard.writeText(JSON.stringify(value, null, 2)).then(
      () => setWord('Copied'),
      () => setWord('Not allowed'),
    )
  }
  return (
    <button type="button" className="button small" onClick={copy}>
      <Copy size={14} aria-hidden />
      {word}
    </button>
  )
}
