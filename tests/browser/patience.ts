// A browser starved by its machine misses its own deadlines.

import { jest } from '@jest/globals'

jest.setTimeout(60_000)
