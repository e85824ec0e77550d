// All workloads, in the order in which they run.

import { W1 } from './W1.js'
import { W2 } from './W2.js'
import { W3 } from './W3.js'
import { W4 } from './W4.js'
import { W5 } from './W5.js'
import { W6 } from './W6.js'
import { W6b } from './W6b.js'
import { W6g } from './W6g.js'
import { W7 } from './W7.js'
import { W8 } from './W8.js'
import { W9 } from './W9.js'
import { W10 } from './W10.js'
import { W11 } from './W11.js'
import { W12 } from './W12.js'
import { W13 } from './W13.js'
import { W14 } from './W14.js'
import { W15 } from './W15.js'
import type { Workload } from './Workload.js'

export const WORKLOADS: readonly Workload[] = [
  W1,
  W2,
  W3,
  W4,
  W5,
  W6,
  W6b,
  W6g,
  W7,
  W8,
  W9,
  W10,
  W11,
  W12,
  W13,
  W14,
  W15,
]
