// A message as one line for people.

import type { Message } from '../connection/index.js'
import { compact, harmless, paint } from './screen.js'

/** `14:05:06.128  order.created  topics orders  {"id":7}` */
export function showMessage(message: Message): string {
  const { type, timestamp, payload } = message
  return [
    paint('dim', timeOf(timestamp)),
    paint('cyan', harmless(type)),
    harmless(audienceOf(message)),
    compact(payload),
  ]
    .filter((part) => part !== '')
    .join('  ')
}

function audienceOf({ userId, roles, topics }: Message): string {
  const parts = [
    ...(userId !== undefined ? [`user ${userId}`] : []),
    ...(roles !== undefined ? [`roles ${roles.join(',')}`] : []),
    ...(topics !== undefined ? [`topics ${topics.join(',')}`] : []),
  ]
  return parts.join(', ') || 'everyone'
}

/** By the clock of this machine, in its time zone. */
function timeOf(timestamp: number): string {
  const date = new Date(timestamp)
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()]
  const clock = [hours, minutes, seconds].map((part) => String(part).padStart(2, '0')).join(':')
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
