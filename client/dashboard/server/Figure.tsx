// A chart with its name, its lines' values now or under the pointer, and its last samples as a table.

import { lazy, Suspense, useMemo, useRef, useState } from 'react'
import { clockSeconds } from '../page/text.js'
import { type FigureOf, textOf } from './figures.js'
import { SampleTable } from './SampleTable.js'
import { type Row, type Sample, withBreaks } from './samples.js'
import { useSeen } from './useSeen.js'

const Chart = lazy(() =>
  import('./Chart.js').then(
    ({ Chart: loaded }) => ({ default: loaded }),
    () => ({ default: NoChart }),
  ),
)

interface FigureProps {
  readonly figure: FigureOf
  readonly samples: readonly Sample[]
  /** Whether the newest sample is not how it is now. */
  readonly isStale: boolean
}

export function Figure({ figure, samples, isStale }: FigureProps) {
  const { title, lines, format, steps } = figure
  const place = useRef<HTMLElement>(null)
  const isSeen = useSeen(place)
  const [hovered, setHovered] = useState<number | null>(null)
  const rows = useMemo(() => withBreaks(samples), [samples])
  const data = useMemo(() => columnsOf(rows, lines), [rows, lines])
  const latest = samples.at(-1)
  const shown = (hovered === null ? undefined : rows[hovered]?.sample) ?? latest
  const timeOf = (sample: Sample | undefined) =>
    sample && (isStale || sample !== latest) ? clockSeconds(sample.at) : 'now'
  const values = lines.map((line) => `${line.name} ${textOf(line, format, latest)}`).join(', ')
  return (
    <figure className="figure" ref={place}>
      <figcaption>
        <h3>{title}</h3>
        <span className="dim small">{timeOf(shown)}</span>
      </figcaption>
      <Legend figure={figure} sample={shown} />
      <Suspense fallback={<div className="chart" />}>
        {isSeen ? (
          <Chart
            label={`${title} over the last minutes; ${timeOf(latest)}: ${values}`}
            data={data}
            colours={lines.map(({ colour }) => colour)}
            format={format}
            steps={steps}
            onHover={setHovered}
          />
        ) : (
          <div className="chart" />
        )}
      </Suspense>
      <SampleTable figure={figure} samples={samples} />
    </figure>
  )
}

interface LegendProps {
  readonly figure: FigureOf
  readonly sample: Sample | undefined
}

function Legend({ figure: { lines, format }, sample }: LegendProps) {
  return (
    <dl className="legend">
      {lines.map((line) => (
        <div key={line.name}>
          <dt>
            <i style={{ background: `var(${line.colour})` }} />
            {line.name}
          </dt>
          <dd>{textOf(line, format, sample)}</dd>
        </div>
      ))}
    </dl>
  )
}

const columnsOf = (rows: readonly Row[], lines: FigureOf['lines']) =>
  [
    rows.map(({ at }) => at / 1000),
    ...lines.map(({ read }) => rows.map(({ sample }) => (sample ? read(sample) : null))),
  ] as const

/** The server was stopped, or built anew, since the page was loaded. */
function NoChart() {
  return (
    <p className="chart dim small">
      The drawing could not be loaded. Load the page anew, or see the table.
    </p>
  )
}
