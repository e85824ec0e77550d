// Interval polling, the last resort: one short request every so often.

import type { Environment } from './environment.js'
import type { ResolvedOptions } from './options.js'
import { openPollLink } from './pollLink.js'
import type { Transport } from './transport.js'

export const intervalPollTransport = (
  options: ResolvedOptions,
  environment: Environment,
): Transport => ({
  name: 'poll',
  open(reading, emit) {
    const rhythm = {
      waitSeconds: () => 0,
      cut: () => false,
      // Not all in step.
      pauseMs: () => options.pollingInterval * (0.9 + environment.random() * 0.2),
    }
    return openPollLink(options, environment, rhythm, reading, emit)
  },
})
