// A browser starved by its machine misses its own deadlines: such a test gets time, and a second
// try. What made it fail is printed all the same.

import { jest } from '@jest/globals'

jest.setTimeout(60_000)
jest.retryTimes(1, { logErrorsBeforeRetry: true })
