// What depends on time, on a machine that may be crowded, gets a second try. What made the first one
// fail is printed all the same, and the long forms have to do without.

import { jest } from '@jest/globals'

if (process.env.SOAK !== '1') jest.retryTimes(1, { logErrorsBeforeRetry: true })
