// The clock of the upkeep.

import { cronJobs } from 'convex/server'
import { internal } from './_generated/api.js'

const crons = cronJobs()
crons.interval('recover', { minutes: 1 }, internal.upkeep.recover, {})
crons.interval('sweep', { minutes: 10 }, internal.upkeep.sweep, {})
crons.interval('ask', { hours: 1 }, internal.delivery.ask, {})

export default crons
