// Shows what has been verified of the promise that nothing is lost, repeated or reordered.

import { Panel } from '../page/Panel.js'
import { count } from '../page/text.js'
import { useNow } from '../page/useNow.js'
import type { ProofState } from './ProofReader.js'
import type { Fault, FaultKind } from './Tally.js'
import { useProof } from './useProof.js'
import './proof.css'

const NAMES: Readonly<Record<FaultKind, string>> = {
  missing: 'missing',
  repeated: 'repeated',
  outOfOrder: 'out of order',
}

export function ProofPanel() {
  const proof = useProof()
  const { verified, missing, repeated, outOfOrder, faults } = proof
  return (
    <Panel title="Proof" className="proof">
      <dl className="figures">
        <Figure name="verified" label="verified in order" value={verified} />
        <Figure name="missing" label="missing" value={missing} isFault />
        <Figure name="repeated" label="repeated" value={repeated} isFault />
        <Figure name="out-of-order" label="out of order" value={outOfOrder} isFault />
      </dl>
      <Progress proof={proof} />
      {proof.fault && (
        <p className="error">The log can't be read again now: {proof.fault.message}</p>
      )}
      <Losses proof={proof} />
      <p role="status" className="unseen">
        {missing + repeated + outOfOrder > 0 &&
          `${missing} missing, ${repeated} repeated, ${outOfOrder} out of order`}
      </p>
      {faults.length > 0 && <Faults faults={faults} />}
      <p className="dim small">
        Every few seconds this page reads the log again by <code>/poll</code>, and compares the ids
        there, and their order, with what arrived live.
      </p>
    </Panel>
  )
}

interface FigureProps {
  /** For whoever looks for it in the page. */
  readonly name: string
  readonly label: string
  readonly value: number
  /** More than none is bad. */
  readonly isFault?: boolean
}

function Figure({ name, label, value, isFault = false }: FigureProps) {
  return (
    <div className={isFault && value > 0 ? 'bad' : ''}>
      <dt className="small">{label}</dt>
      <dd data-figure={name} data-value={value}>
        {count(value)}
      </dd>
    </div>
  )
}

function Progress({ proof: { pending, awaited, lastCheckedAt } }: { readonly proof: ProofState }) {
  const open = pending + awaited
  return (
    <p className="dim small">
      <Age at={lastCheckedAt} />
      {' · '}
      {open === 0 ? 'nothing left to be checked' : `${count(open)} still to be checked`}
    </p>
  )
}

function Age({ at }: { readonly at: number | undefined }) {
  const now = useNow(1000)
  if (at === undefined) return 'not read again yet'
  return `read again from the log ${Math.max(0, Math.round((now - at) / 1000))} s ago`
}

/** What nobody can vouch for, said only where there is some. */
function Losses({ proof: { resyncs, notReread, gaps } }: { readonly proof: ProofState }) {
  return (
    <>
      {resyncs > 0 && (
        <p className="small">
          told to refetch{' '}
          <span data-figure="resyncs" data-value={resyncs}>
            {count(resyncs)}
          </span>{' '}
          {resyncs === 1 ? 'time' : 'times'} (resync): what was lost there was lost aloud, and the
          comparison goes on behind it
        </p>
      )}
      {notReread > 0 && (
        <p className="small">
          <span data-figure="not-reread" data-value={notReread}>
            {count(notReread)}
          </span>{' '}
          arrived but could not be read again, since the log keeps only the latest messages; they
          count neither as verified nor as missing
        </p>
      )}
      {gaps > 0 && (
        <p className="small">
          parts of the log were gone before this page read them again: whether all of them arrived,
          nobody can say
        </p>
      )}
    </>
  )
}

function Faults({ faults }: { readonly faults: readonly Fault[] }) {
  return (
    <ul className="faults">
      {faults.map(({ kind, id }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one id may be repeated more than once.
        <li key={`${id} ${index}`} className="mono">
          {NAMES[kind]}: {id}
        </li>
      ))}
    </ul>
  )
}
