// What the hello peers answer: as long as the answer to an empty poll.

export const HELLO = JSON.stringify({ success: true, message: 'hello'.padEnd(120, '.') })
