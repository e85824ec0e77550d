// Stands for a name where the name itself would be too long, or is nobody's business.

import { createHash } from 'node:crypto'

/** 128 bits: no two names meet. */
export const digestOf = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, 22)
