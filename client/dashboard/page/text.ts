// How numbers and times are written on the page.

/** `5 s`, `3 min 07 s`, `2 h 05 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const two = (value: number) => String(value).padStart(2, '0')
  if (minutes === 0) return `${seconds} s`
  if (hours === 0) return `${minutes} min ${two(seconds % 60)} s`
  if (hours < 24) return `${hours} h ${two(minutes % 60)} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `1,204`. */
export const count = (value: number): string => value.toLocaleString('en')

/** `14:03:07`, by this machine's clock. */
export const clockSeconds = (timestamp: number): string =>
  new Date(timestamp).toLocaleTimeString('en-GB')

/** `14:03:07.512`, by this machine's clock. */
export function clockTime(timestamp: number): string {
  const ms = String(new Date(timestamp).getMilliseconds()).padStart(3, '0')
  return `${clockSeconds(timestamp)}.${ms}`
}

/** The names in `a, b`. */
export const listed = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
