// What depends on time, between many processes on a machine that may be crowded, gets two more tries.
// What made it fail is printed all the same, and the long forms have to do without.

import { jest } from '@jest/globals'

if (process.env.SOAK !== '1') jest.retryTimes(2, { logErrorsBeforeRetry: true })
