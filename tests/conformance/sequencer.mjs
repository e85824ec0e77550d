// On a shared target, what one file publishes to everyone is there for the next. Files that look
// at the log from its very beginning come first; beyond that the order is left to Jest.

import Sequencer from '@jest/test-sequencer'

const NEED_A_QUIET_LOG = /conformance\/(smoke|sse|paging|forced|invalidCursors)\.test\.ts$/

export default class QuietLogFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => (NEED_A_QUIET_LOG.test(path) ? 0 : 1)
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b))
  }
}
