// `syncline send`: publishes a message, by default to its sender.

import type { Command } from './Command.js'
import { PUBLISHING_OPTIONS, publish } from './publishing.js'

export const send: Command = {
  name: 'send',
  operands: 'TYPE [PAYLOAD]',
  summary: 'publish a message to yourself, or to whom you name',
  about: `Publishes one message. PAYLOAD is JSON, or - to read it from standard input.
Without --user, --role and --topic it goes to yourself.`,
  options: PUBLISHING_OPTIONS,
  examples: [
    `npx syncline send order.created '{"id":7}' --topic orders`,
    `echo '{"id":7}' | npx syncline send order.created - --user alice`,
  ],
  run: (given) => publish(given, '/api/sync/send'),
}
