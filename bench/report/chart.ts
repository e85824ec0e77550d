// The chart of what a delivery costs against the number of clients, as SVG that reads well on light
// and on dark pages: it brings its own page, for where the reader's system and site disagree.

import type { Result } from '../harness/runWorkload.js'

const WIDTH = 760
const HEIGHT = 400
const PLOT = { left: 56, right: 596, top: 56, bottom: 340 }
/** Least distance between the names at the ends of the lines. */
const NAME_HEIGHT = 17

/** By peer: on light pages, on dark ones. What is not named here stays grey. */
const COLOURS: Readonly<Record<string, readonly [string, string]>> = {
  syncline: ['#0b6bcb', '#58a6ff'],
  'net-limit': ['#57606a', '#9da7b3'],
  'ws-once': ['#1a7f37', '#56d364'],
  'ws-naive': ['#9a6700', '#e3b341'],
  'socket.io': ['#cf222e', '#ff7b72'],
  bun: ['#8250df', '#bc8cff'],
}
const OTHER = ['#57606a', '#9da7b3'] as const

interface Line {
  readonly peer: string
  readonly points: readonly { readonly clients: number; readonly cost: number }[]
}

/** Draws the medians of all cases that are named by their number of clients. */
export function chart({ title, unit, cases }: Result): string {
  const lines = linesOf(cases)
  const all = lines.flatMap(({ points }) => points)
  const sizes = [...new Set(all.map(({ clients }) => clients))].sort((a, b) => a - b)
  const step = stepFor(Math.max(...all.map(({ cost }) => cost)))
  const top = step * Math.ceil((Math.max(...all.map(({ cost }) => cost)) * 1.05) / step)
  const x = logScale(sizes[0] ?? 1, sizes.at(-1) ?? 10)
  const y = (cost: number) => PLOT.bottom - (cost / top) * (PLOT.bottom - PLOT.top)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${unit}, by clients">`,
    style(lines),
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    text(PLOT.left, 24, `${title}: ${unit}`, 'title'),
    text(PLOT.left, 42, 'less is better; medians of the rounds', 'soft'),
    ...ticks(top, step).map((cost) => grid(cost, y(cost))),
    ...sizes.map((clients) => sizeLabel(clients, x(clients))),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 42, 'clients (logarithmic)', 'soft middle'),
    // Ours last, on top of the others.
    ...[...lines].sort(oursLast).map((line) => drawn(line, x, y)),
    ...names(lines, y),
    '</svg>\n',
  ].join('\n')
}

function linesOf(cases: Result['cases']): readonly Line[] {
  const byPeer = new Map<string, { clients: number; cost: number }[]>()
  for (const [name, row] of Object.entries(cases)) {
    const clients = Number(/^([\d,]+) clients$/.exec(name)?.[1]?.replaceAll(',', ''))
    if (Number.isNaN(clients)) continue
    for (const [peer, { cost }] of Object.entries(row)) {
      byPeer.set(peer, [...(byPeer.get(peer) ?? []), { clients, cost: cost.median }])
    }
  }
  return [...byPeer].map(([peer, points]) => ({
    peer,
    points: points.sort((a, b) => a.clients - b.clients),
  }))
}

const oursLast = (a: Line, b: Line) => Number(a.peer === 'syncline') - Number(b.peer === 'syncline')

function logScale(least: number, most: number): (clients: number) => number {
  const span = Math.log(most / least) || 1
  const inner = { left: PLOT.left + 24, right: PLOT.right - 24 }
  return (clients) => inner.left + (Math.log(clients / least) / span) * (inner.right - inner.left)
}

/** A round step that makes four to eight grid lines. */
function stepFor(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return [0.1, 0.2, 0.5, 1, 2].map((part) => part * power).find((step) => most / step <= 8) ?? power
}

function ticks(top: number, step: number): readonly number[] {
  return Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step)
}

function grid(cost: number, y: number): string {
  const label = text(PLOT.left - 8, y + 4, Number(cost.toPrecision(3)).toString(), 'soft end')
  return `<path class="grid" d="M${PLOT.left} ${round(y)}H${PLOT.right}"/>${label}`
}

function sizeLabel(clients: number, x: number): string {
  const label = text(x, PLOT.bottom + 20, clients.toLocaleString('en'), 'soft middle')
  return `<path class="grid" d="M${round(x)} ${PLOT.bottom}v5"/>${label}`
}

function drawn(
  { peer, points }: Line,
  x: (clients: number) => number,
  y: (cost: number) => number,
): string {
  const at = points.map(({ clients, cost }) => `${round(x(clients))} ${round(y(cost))}`)
  const dots = points.map(
    ({ clients, cost }) =>
      `<circle cx="${round(x(clients))}" cy="${round(y(cost))}" r="3.5"><title>${peer}, ${clients} clients: ${cost.toFixed(2)}</title></circle>`,
  )
  return `<g class="${className(peer)}"><path class="line" d="M${at.join('L')}"/>${dots.join('')}</g>`
}

/** The peers' names at the ends of their lines, moved apart where they would lie on each other. */
function names(lines: readonly Line[], y: (cost: number) => number): readonly string[] {
  const wanted = lines
    .map(({ peer, points }) => ({ peer, cost: points.at(-1)?.cost ?? 0 }))
    .sort((a, b) => b.cost - a.cost)
  let free = PLOT.top
  const placed = wanted.map(({ peer, cost }) => {
    const at = Math.max(y(cost), free)
    free = at + NAME_HEIGHT
    return { peer, cost, at }
  })
  return placed.map(({ peer, cost, at }) =>
    text(PLOT.right + 8, at + 4, `${peer} ${cost.toFixed(1)}`, `name ${className(peer)}`),
  )
}

function text(x: number, y: number, content: string, classes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${classes}">${content}</text>`
}

function style(lines: readonly Line[]): string {
  const colours = (index: 0 | 1) =>
    lines.map(({ peer }) => {
      const colour = (COLOURS[peer] ?? OTHER)[index]
      return `.${className(peer)}{stroke:${colour};fill:${colour}}`
    })
  return `<style>
text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;stroke:none!important}
.page{fill:#fff}.title{font-weight:600;font-size:15px;fill:#1f2328}.soft{fill:#59636e}.grid{stroke:#d1d9e0;fill:none}
.middle{text-anchor:middle}.end{text-anchor:end}.name{font-weight:600}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.is-syncline .line{stroke-width:3.5}
${colours(0).join('')}
@media (prefers-color-scheme:dark){.page{fill:#0d1117}.title{fill:#f0f6fc}.soft{fill:#9198a1}.grid{stroke:#3d444d}
${colours(1).join('')}}
</style>`
}

const className = (peer: string) => `is-${peer.replace(/[^a-z0-9]/gi, '-')}`
const round = (value: number) => Number(value.toFixed(1))
