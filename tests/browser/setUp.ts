// What the browser tests share: one browser for the file, and for each test a server that publishes
// and something that stands between the two.

import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals'
import { TestBrowser } from '../support/TestBrowser.js'
import { Scene } from './Scene.js'

/** To be read within tests only: it is new for each. */
export interface Setting<Between> {
  browser: TestBrowser
  scene: Scene
  between: Between
}

/** `start` gets the server's port. The server publishes when a test begins. */
export function setUp<Between>(
  start: (port: number) => Promise<Between>,
  end: (between: Between) => Promise<unknown>,
): Setting<Between> {
  const setting = {} as Setting<Between>
  beforeAll(async () => {
    setting.browser = await TestBrowser.start()
  })
  afterAll(() => setting.browser.close())

  beforeEach(async () => {
    setting.scene = await Scene.start()
    setting.between = await start(setting.scene.port)
    setting.scene.publisher.start()
  })
  afterEach(async () => {
    await setting.browser.closePages()
    await setting.scene.close()
    await end(setting.between)
  })
  return setting
}
