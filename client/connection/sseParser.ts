// Server-Sent Events as the HTML standard reads them ("9.2.6 Interpreting an event stream"), less
// what a client with cursors of its own has no use for (`id`, `retry`).

/** Takes the text as it comes, in pieces of any size; calls back with each event. */
export function createSseParser(
  onEvent: (name: string, data: string) => void,
): (chunk: string) => void {
  let rest = ''
  let name = ''
  let data: string[] = []

  function readLine(line: string): void {
    if (line === '') {
      if (data.length > 0) onEvent(name || 'message', data.join('\n'))
      name = ''
      data = []
      return
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'event') name = value
    if (field === 'data') data.push(value)
  }

  return (chunk) => {
    // A line may end in CR LF; a CR at the very end may be the half of one.
    const lines = (rest + chunk).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) readLine(line)
  }
}
