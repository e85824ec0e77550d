// The numbers under a chart, for whoever would rather read them.

import { clockSeconds } from '../page/text.js'
import { type FigureOf, textOf } from './figures.js'
import type { Sample } from './samples.js'

const ROWS = 10

interface SampleTableProps {
  readonly figure: FigureOf
  readonly samples: readonly Sample[]
}

export function SampleTable({ figure: { title, lines, format }, samples }: SampleTableProps) {
  return (
    <details>
      <summary>Table</summary>
      <div className="samples">
        <table className="table">
          <caption className="small dim">
            {title}, the last {ROWS} samples, newest first
          </caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {lines.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {samples
              .slice(-ROWS)
              .reverse()
              .map((sample) => (
                <tr key={sample.at}>
                  <th scope="row">{clockSeconds(sample.at)}</th>
                  {lines.map((line) => (
                    <td key={line.name}>{textOf(line, format, sample)}</td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
