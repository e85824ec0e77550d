// A dozen processes on a crowded machine may all miss their deadlines: such a test gets two more tries.
// What made it fail is printed all the same, and the long form has to do without.

import { jest } from '@jest/globals'

if (process.env.SOAK !== '1') jest.retryTimes(2, { logErrorsBeforeRetry: true })
