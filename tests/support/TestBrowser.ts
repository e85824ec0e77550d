// A real browser: Debian's Chromium, without a window.

import { type Browser, chromium, type Page } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'

/** QUIC and its own errands off: all that goes over the network is the page's. */
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export class TestBrowser {
  readonly #browser: Browser
  #frozen: readonly number[] = []

  private constructor(browser: Browser) {
    this.#browser = browser
  }

  static async start(): Promise<TestBrowser> {
    return new TestBrowser(
      await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS, timeout: 20_000 }),
    )
  }

  /** A page that shares nothing with others: no cookie, no cache, no connection. */
  async newPage(): Promise<Page> {
    const context = await this.#browser.newContext()
    return context.newPage()
  }

  async closePages(): Promise<void> {
    await Promise.all(this.#browser.contexts().map((context) => context.close()))
  }

  /** Stops all of its processes, as a machine that sleeps does. */
  async freeze(): Promise<void> {
    const session = await this.#browser.newBrowserCDPSession()
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    // The browser itself comes last, so that it sees none of the others stop.
    const isBrowser = ({ type }: { type: string }) => Number(type === 'browser')
    this.#frozen = processInfo.sort((a, b) => isBrowser(a) - isBrowser(b)).map(({ id }) => id)
    for (const pid of this.#frozen) process.kill(pid, 'SIGSTOP')
  }

  thaw(): void {
    for (const pid of this.#frozen) process.kill(pid, 'SIGCONT')
    this.#frozen = []
  }

  async close(): Promise<void> {
    this.thaw()
    await this.#browser.close()
  }
}
