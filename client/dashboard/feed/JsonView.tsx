// A JSON value, indented, its parts told apart by colour.

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
/** Longer text stays in one colour: thousands of spans are slow. */
const MAX_COLOURED = 20_000

export function JsonView({ value }: { readonly value: unknown }) {
  const text = JSON.stringify(value, null, 2)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <pre className="json mono" tabIndex={0}>
      {text.length > MAX_COLOURED ? text : coloured(text)}
    </pre>
  )
}

function coloured(text: string) {
  const parts = []
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    const [token, quoted, colon] = match
    const shown = quoted ?? token
    parts.push(text.slice(end, match.index))
    const kind = colon !== undefined ? 'key' : quoted !== undefined ? 'text' : 'value'
    parts.push(
      <span key={match.index} className={`json-${kind}`}>
        {shown}
      </span>,
    )
    end = match.index + shown.length
  }
  return [...parts, text.slice(end)]
}
