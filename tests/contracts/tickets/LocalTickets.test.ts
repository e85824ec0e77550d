import { LocalTickets } from '../../../server/security/LocalTickets.js'
import { ticketsContract } from './ticketsContract.js'

ticketsContract('LocalTickets', async () => {
  const tickets = new LocalTickets({ wallNow: Date.now, monotonicNow: () => performance.now() })
  return [tickets, tickets]
})
