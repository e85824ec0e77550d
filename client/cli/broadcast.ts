// `syncline broadcast`: publishes a message, by default to everyone.

import type { Command } from './Command.js'
import { PUBLISHING_OPTIONS, publish } from './publishing.js'

export const broadcast: Command = {
  name: 'broadcast',
  operands: 'TYPE [PAYLOAD]',
  summary: 'publish a message to everyone, or to whom you name',
  about: `Publishes one message and says how many connections it reaches now.
PAYLOAD is JSON, or - to read it from standard input.
Without --user, --role and --topic it goes to everyone. Needs the role admin.`,
  options: PUBLISHING_OPTIONS,
  examples: [
    `npx syncline broadcast system.announcement '{"message":"Back at noon"}'`,
    `npx syncline broadcast report.ready --role manager`,
  ],
  run: (given) => publish(given, '/api/sync/broadcast'),
}
