// How long to wait before trying again: twice as long each time, and never the same for two.

/** Between half and all of `firstMs`, doubled for each failure before, up to `longestMs`. */
export function pauseMs(failures: number, firstMs: number, longestMs: number): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(whole * (0.5 + Math.random() / 2))
}
