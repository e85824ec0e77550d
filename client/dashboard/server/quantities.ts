// How bytes and rates are written.

import { count } from '../page/text.js'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** From a thousand on it is the next unit: never more than three digits. */
const FULL = 1.024

/** `0 B`, `1.5 KiB`, `94 MiB`, `1.2 GiB`. */
export function bytes(value: number): string {
  const power = Math.min(value < 1 ? 0 : Math.floor(Math.log2(value * FULL) / 10), UNITS.length - 1)
  const scaled = value / 1024 ** power
  return `${scaled < 10 && power > 0 ? Number(scaled.toFixed(1)) : Math.round(scaled)} ${UNITS[power]}`
}

/** `0`, `0.5`, `12`, `1,204`. */
export const rate = (value: number): string =>
  value < 10 ? String(Number(value.toFixed(1))) : count(Math.round(value))
