// Counts the whole answers that come over one HTTP connection. Of each, only the status and the
// Content-Length are read.

const HEAD_END = '\r\n\r\n'
const CONTENT_LENGTH = /^content-length: (\d+)$/im

export class AnswerCounter {
  /** What has come of a head that isn't whole. */
  #head = ''
  #bodyLeft = 0

  /** How many answers end within these bytes. Throws where one is no success, or has no length. */
  read(bytes: Buffer): number {
    let answers = 0
    for (let at = 0; at < bytes.length; ) {
      if (this.#bodyLeft === 0) {
        at = this.#readHead(bytes, at)
        if (this.#head !== '') break
      }
      const taken = Math.min(this.#bodyLeft, bytes.length - at)
      this.#bodyLeft -= taken
      at += taken
      if (this.#bodyLeft === 0) answers += 1
    }
    return answers
  }

  /** Where it ends. */
  #readHead(bytes: Buffer, at: number): number {
    const before = this.#head.length
    this.#head += bytes.toString('latin1', at)
    const end = this.#head.indexOf(HEAD_END)
    if (end === -1) return bytes.length
    const head = this.#head.slice(0, end)
    this.#head = ''
    const length = CONTENT_LENGTH.exec(head)?.[1]
    if (!head.startsWith('HTTP/1.1 2') || length === undefined) {
      throw new Error(`not the answer that was expected: ${head}`)
    }
    this.#bodyLeft = Number(length)
    return at + end + HEAD_END.length - before
  }
}
