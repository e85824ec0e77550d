// What a workload is: peers that have their turns in rounds, the cases that each is measured in, and
// the targets that its figures are held to.

import type { Stage } from '../harness/Stage.js'
import type { Figure, Target } from '../harness/targets.js'

export interface Workload {
  /** `W1` */
  readonly id: string
  readonly title: string
  /** What a figure's cost is in. */
  readonly unit: string
  /** In the order of their turns. */
  readonly peers: readonly string[]
  /** Rounds, where the usual number is too many. */
  readonly rounds?: number
  readonly targets: readonly Target[]
  /** What a reader has to know to read the figures. */
  readonly notes?: readonly string[]
  /** One peer's turn in one round: its figures, by case. What it started on the stage is ended after. */
  run(peer: string, stage: Stage): Promise<Readonly<Record<string, Figure>>>
}
