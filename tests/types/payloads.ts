// What the type tests say that messages carry. It holds for all that is type-checked together, so
// the names are used nowhere else.

import '../../client/connection/messages.js'

declare module '../../client/connection/messages.js' {
  interface Payloads {
    'typed.order': { readonly id: number }
    'typed.note': string
  }
}
