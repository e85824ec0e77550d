// The dashboard in a browser's tab, with the words that one finds there.

import type { Locator, Page } from 'playwright-core'
import type { TestBrowser } from '../support/TestBrowser.js'
import { waitFor } from '../support/waitFor.js'

export type Figure = 'verified' | 'missing' | 'repeated' | 'out-of-order' | 'received'
export type SwitchName = 'Block WebSocket' | 'Block SSE' | 'Offline'

interface Look {
  readonly colorScheme?: 'dark' | 'light'
  readonly width?: number
  readonly height?: number
}

export class DashboardPage {
  readonly page: Page
  /** What the browser complained of, the content policy's refusals among it. */
  readonly complaints: string[] = []
  /** Every address that was asked for. */
  readonly requested: string[] = []

  private constructor(page: Page) {
    this.page = page
    page.on('console', (line) => {
      // The browser's own word on a request that was refused, as some tests mean it to be.
      const isComplaint = line.type() === 'error' && !line.text().startsWith('Failed to load')
      if (isComplaint) this.complaints.push(line.text())
    })
    page.on('pageerror', (error) => this.complaints.push(error.message))
    page.on('request', (request) => this.requested.push(request.url()))
    page.on('websocket', (socket) => this.requested.push(socket.url()))
  }

  /** In a context of its own: it shares nothing with other pages but the server. */
  static async open(browser: TestBrowser, url: string, look: Look = {}): Promise<DashboardPage> {
    const { colorScheme = 'light', width = 1440, height = 1000 } = look
    const page = await browser.newPage()
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height })
    const dashboard = new DashboardPage(page)
    await page.goto(url)
    return dashboard
  }

  get list(): Locator {
    return this.page.getByRole('listbox', { name: 'Messages, newest first' })
  }

  /** Those that are rendered. */
  get rows(): Locator {
    return this.list.getByRole('option')
  }

  /** The newest row that shows `text`. */
  row(text: string): Locator {
    return this.rows.filter({ hasText: text }).first()
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true })
  }

  async flip(name: SwitchName): Promise<void> {
    await this.page.getByRole('switch', { name }).click()
  }

  /** Resolves once the drawing shows that `transport` carries. */
  async untilCarriedBy(transport: string, withinMs = 20_000): Promise<void> {
    const rung = this.page.locator(`[data-transport="${transport}"][data-state="carries"]`)
    await rung.waitFor({ timeout: withinMs })
  }

  async untilFact(name: string, value: string): Promise<void> {
    await this.page.locator(`[data-fact="${name}"]`, { hasText: value }).waitFor()
  }

  async figure(name: Figure): Promise<number> {
    return Number(await this.page.locator(`[data-figure="${name}"]`).getAttribute('data-value'))
  }

  async startLoad(perSecond: number, seconds: number): Promise<void> {
    await this.page.getByRole('spinbutton', { name: 'per second' }).fill(String(perSecond))
    await this.page.getByRole('spinbutton', { name: 'for seconds' }).fill(String(seconds))
    await this.button('Start').click()
  }

  /** Resolves once the page has read `count` messages again in the log and found each as it came. */
  async untilVerified(count: number): Promise<void> {
    const read = async () => (await this.figure('verified')) === count
    await waitFor(`${count} verified messages`, read, 20_000)
  }

  /** Ends when nothing more comes; returns how many came. */
  async untilQuiet(sent: () => Promise<number>): Promise<number> {
    const isThere = async () => (await this.figure('received')) === (await sent())
    await waitFor('all that was published', isThere, 20_000)
    return this.figure('received')
  }
}
