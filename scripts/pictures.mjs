// `npm run pictures`: makes the README's pictures from the real page: still ones, and a short
// animation of a network that is broken and mended. Needs Chromium, and img2webp (Debian: webp).
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const FOLDER = 'docs/pictures'
const FRAME_MS = 250
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']

mkdirSync(FOLDER, { recursive: true })
const server = spawn(process.execPath, ['dist/server/index.js'], {
  env: { ...process.env, PORT: '0', LOG_LEVEL: 'silent' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
let browser
try {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
  const url = await addressOf(server)
  await film(url)
  await still(url, 'dashboard-dark', { colorScheme: 'dark', width: 1440, height: 1650 })
  await still(url, 'dashboard-light', { colorScheme: 'light', width: 1440, height: 1650 })
  await still(url, 'dashboard-phone', { colorScheme: 'dark', width: 390, height: 844 })
} finally {
  await browser?.close()
  server.kill()
}

/** The upper half of the page, while its transports are taken away and given back. */
async function film(url) {
  const page = await openPage(url, { colorScheme: 'dark', width: 1120, height: 900 })
  await startLoad(page)
  await page.waitForTimeout(4000)
  const folder = mkdtempSync(join(tmpdir(), 'syncline-'))
  const frames = []
  const clip = await upperHalf(page)
  const shoot = async (count) => {
    for (let shot = 0; shot < count; shot++) {
      const path = join(folder, `${frames.length}.png`)
      const due = page.waitForTimeout(FRAME_MS)
      await page.screenshot({ path, clip })
      frames.push(path)
      await due
    }
  }
  await shoot(6)
  for (const name of ['Block WebSocket', 'Block SSE', 'Block WebSocket']) {
    await page.getByRole('switch', { name }).click()
    await shoot(12)
  }
  const target = `${FOLDER}/handover.webp`
  const how = ['-loop', '0', '-lossy', '-q', '70', '-m', '6', '-d', String(FRAME_MS)]
  const made = spawnSync('img2webp', [...how, ...frames, '-o', target], { stdio: 'inherit' })
  rmSync(folder, { recursive: true })
  if (made.status !== 0) throw new Error('img2webp is missing or failed (Debian: webp)')
  tell(target)
  await page.context().close()
}

async function still(url, name, look) {
  const page = await openPage(url, look)
  await startLoad(page)
  await page.waitForTimeout(6000)
  await page.getByRole('switch', { name: 'Block WebSocket' }).click()
  await page.waitForTimeout(5000)
  const path = `${FOLDER}/${name}.png`
  await page.screenshot({ path, fullPage: look.width > 1000 })
  tell(path)
  await page.context().close()
}

async function openPage(url, { colorScheme, width, height }) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height } })
  const page = await context.newPage()
  await page.goto(url)
  await page.locator('[data-transport="websocket"][data-state="carries"]').waitFor()
  return page
}

async function startLoad(page) {
  await page.getByRole('spinbutton', { name: 'per second' }).fill('20')
  await page.getByRole('button', { name: 'Start' }).click()
}

async function upperHalf(page) {
  const { y, height } = await page.locator('.connection').boundingBox()
  return { x: 0, y: 0, width: 1120, height: Math.ceil(y + height + 16) }
}

function addressOf({ stdout }) {
  return new Promise((resolve) => {
    stdout.on('data', (chunk) => {
      const found = /running at (\S+)/.exec(chunk)
      if (found) resolve(found[1])
    })
  })
}

function tell(path) {
  console.log(`${path}: ${Math.round(statSync(path).size / 1024)} kB`)
}
