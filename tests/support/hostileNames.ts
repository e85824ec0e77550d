// Names that are meant to be taken for something else: for a pattern, a key of ours, a property of
// every object, a cursor, another name. The contract takes some and refuses some.

const repeat = (text: string, count: number) => text.repeat(count)

/** Names of which some code, somewhere, would think that they are the same, one group a line. */
const LOOK_ALIKES = [
  ['alice', 'Alice', 'ALICE', 'alic', 'alice1', ' alice', 'alice ', 'alice\u00a0', 'al\u0131ce'],
  ['alice\u200b', 'alice\u200d', 'alice\ufeff', '\u202ealice', '\u200falice', 'ali\u00adce'],
  [
    '\u00e9',
    'e\u0301',
    '\u00c9',
    'e',
    '\u00c5',
    '\u212b',
    'A\u030a',
    'A',
    '\uac00',
    '\u1100\u1161',
  ],
  [
    '\ufb01',
    'fi',
    '\ufb00',
    'ff',
    '\u00df',
    'ss',
    'SS',
    '\u1e9e',
    '\u017f',
    's',
    '\u2126',
    '\u03a9',
  ],
  ['\u0131', 'i', '\u0130', 'I', '\u212a', 'K', 'k', '\u03c3', '\u03c2', '\u03a3', '\u0430', 'a'],
  ['1', '01', '1.0', '\u00b9', '\u2460', '\uff11', '+1', '1e0', '0x1', '\u00bd', '1\u20442'],
  ['user', 'user1', 'user10', 'user100', 'user1000', 'user:', 'user:1', 'user:10', 'user:1:0'],
  ['\u{1f600}', '\u{1f600}\u{1f600}', '\u{1f469}\u{1f3fd}', '\u{1f469}', '\u263a', '\u263a\ufe0f'],
  ['\u05e9\u05dc\u05d5\u05dd', '\u0645\u0631\u062d\u0628\u0627', '\u4e2d', '\u4e2d\u6587'],
]

/** What means something to a server, a log line, a URL, a database or a page. */
const MEANINGFUL = [
  ...[
    '*',
    '**',
    'a*',
    '*a',
    '?',
    '.*',
    '^',
    '$',
    '%',
    '_',
    'a:b',
    'a:',
    ':',
    'b',
    'a,b',
    ',',
    'a b',
  ],
  ...['u:x', 'r:x', 't:x', 'x', 'u:', 'r:', 't:', 'u:*', 'u:a', 'everyone', 'all', 'service\\nx'],
  ...['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'valueOf', 'then'],
  ...['null', 'undefined', 'true', 'false', 'NaN', 'Infinity', '-1', '0', '00', '-0', '[]', '{}'],
  ...[
    'now',
    '1763650000000',
    '1763650000000-3.k3f9q2',
    '0-0.aaaaaa',
    'admin',
    'service',
    'anonymous',
  ],
  ...['dev:alice', 'dev:alice:admin', 'Bearer x', '[object Object]', '{"userId":"a"}', '["a"]'],
  ...['/', '.', '..', '../..', 'a/b', '\\', '\\n', '\\u0000', '%00', '%0a', '%2a', '&', 'a=b', '#'],
  ...["'", '"', '`', '$(x)', '{{x}}', '<script>', "' OR 1=1 --", ';', '|', '~', '\u2028', '\u2029'],
  ...[repeat('a', 128), repeat('a', 127), repeat('\u{1f600}', 128), repeat('\u{1f600}', 127)],
]

const upTo = (count: number, names: readonly string[], more: (n: number) => string) => {
  const all = new Set(names)
  for (let n = 0; all.size < count; n += 1) all.add(more(n))
  return [...all]
}

/** Two hundred different names that a user or a role may have. */
export const HOSTILE_NAMES = upTo(200, [...LOOK_ALIKES.flat(), ...MEANINGFUL], (n) =>
  repeat('p', n + 1),
)

/** Names that nobody and no role may have. */
export const REFUSED_NAMES = [
  '',
  'a\nb',
  'a\r',
  '\0',
  '\t',
  '\x1b[31m',
  '\x7f',
  '\u0085',
  '\ud800',
  'a\udc00',
  repeat('a', 129),
  repeat('\u{1f600}', 129),
]

/** As many that a topic may have. */
export const HOSTILE_TOPICS = upTo(
  200,
  [
    ...[
      'a',
      'A',
      'a:',
      'a:b',
      'a.b',
      'a-b',
      'a_b',
      'a..b',
      'a::b',
      'b',
      'x',
      'u:x',
      'r:x',
      't:x',
      'u:',
      'u',
    ],
    ...['0', '00', '1', '1e3', '0x1', 'now', 'null', 'undefined', 'NaN', 'true', 'everyone', 'all'],
    ...['constructor', 'prototype', 'toString', 'valueOf', 'then', 'admin', 'anonymous', 'service'],
    ...['1763650000000', '1763650000000-3.k3f9q2', '0-0.aaaaaa', 'public', 'public:x', 'dev:alice'],
    ...[repeat('a', 200), repeat('a', 199), 'n', 'n1', 'n10', 'n100', 'n1000', 'N1'],
  ],
  (n) => repeat('p', n + 1),
)

/** Names that no topic may have. */
export const REFUSED_TOPICS = [
  ...['', '*', 'a*', '__proto__', '_a', ':a', '.a', '-a', 'a b', 'a/b', 'a\n', '\u00e9', '\ufb01'],
  ...['\u212a', '\u{1f600}', 'a\u200b', 'a%2a', 'a?b', 'a&b', 'a#', repeat('a', 201)],
]
