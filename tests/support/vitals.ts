// How a server process is, by its own metrics.

export interface Vitals {
  /** Unix seconds: another process has another one. */
  readonly startedAt: number
  readonly memoryBytes: number
  /** Since they were read last: the longest that the event loop was late, and 99 of 100 times. */
  readonly maxDelayMs: number
  readonly p99DelayMs: number
}

export async function vitalsOf(url: string): Promise<Vitals> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const read = (name: string): number => {
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`the metrics do not name ${name}`)
    return Number(value)
  }
  return {
    startedAt: read('process_start_time_seconds'),
    memoryBytes: read('process_resident_memory_bytes'),
    maxDelayMs: read('nodejs_eventloop_lag_max_seconds') * 1000,
    p99DelayMs: read('nodejs_eventloop_lag_p99_seconds') * 1000,
  }
}
