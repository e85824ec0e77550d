import { describe, expect, it } from '@jest/globals'
import { offersDeflate } from '../../../server/transports/deflateOffer.js'

describe('an offer of compression', () => {
  it.each([
    ['Firefox and Safari', 'permessage-deflate'],
    ['Chrome and ws', 'permessage-deflate; client_max_window_bits'],
    ['Python', 'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12'],
    ['one that wants no context', 'permessage-deflate;server_no_context_takeover'],
    ['two offers', 'permessage-deflate; client_max_window_bits=10, permessage-deflate'],
  ])('is taken from %s', (_who, header) => {
    expect(offersDeflate(header)).toBe(true)
  })

  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['another extension', 'x-webkit-deflate-frame'],
    ['a smaller window than ours', 'permessage-deflate; server_max_window_bits=11'],
    ['a window that there is not', 'permessage-deflate; server_max_window_bits=16'],
    ['a window without bits', 'permessage-deflate; server_max_window_bits'],
    ['a window of the client that there is not', 'permessage-deflate; client_max_window_bits=7'],
    ['a leading zero', 'permessage-deflate; client_max_window_bits=09'],
    ['an unknown parameter', 'permessage-deflate; level=9'],
    ['a switch with a value', 'permessage-deflate; server_no_context_takeover=1'],
    [
      'a parameter given twice',
      'permessage-deflate; client_max_window_bits=9; client_max_window_bits=10',
    ],
    ['one that breaks the grammar', 'permessage-deflate;;'],
    ['a good one behind a bad one', 'permessage-deflate; level=9, permessage-deflate'],
  ])('is let be: %s', (_what, header) => {
    expect(offersDeflate(header)).toBe(false)
  })
})
