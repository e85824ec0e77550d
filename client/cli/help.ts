// What `--help` prints, out of the commands' own tables.

import type { Command } from './Command.js'
import type { Options } from './Option.js'

export function overview(commands: readonly Command[]): string {
  return [
    'syncline: a stream of messages over whatever the network lets through',
    '',
    'Usage: npx syncline COMMAND [OPTIONS]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`),
    `  ${'help'.padEnd(10)} all about a command: npx syncline help tail`,
    '',
    'To try it, in two terminals, beside a third with `npx syncline start`:',
    '',
    '  npx syncline tail --topic orders',
    `  npx syncline send order.created '{"id":7}' --topic orders`,
    '',
    'A server with AUTH_JWT_SECRET wants a token: npx syncline token --user alice makes one.',
    'A token comes from SYNCLINE_TOKEN or --token-file, the server from SYNCLINE_URL or --url.',
    'Exit code: 0 it was done, 1 it could not be done, 2 it was asked for wrongly.',
  ].join('\n')
}

export function helpOn({ name, operands, about, options, examples }: Command): string {
  return [
    `Usage: npx syncline ${name} ${operands ? `${operands} ` : ''}[OPTIONS]`,
    '',
    about,
    '',
    'Options:',
    ...optionLines({ ...options, help: { type: 'boolean', about: 'this text' } }),
    '',
    'Example:',
    ...examples.map((line) => `  ${line}`),
  ].join('\n')
}

/** Name and value, and under them what it does: some are too long for two columns. */
function optionLines(options: Options): string[] {
  return Object.entries(options).flatMap(([name, { value, about }]) => [
    `  --${name}${value === undefined ? '' : ` ${value}`}`,
    `      ${about}`,
  ])
}
