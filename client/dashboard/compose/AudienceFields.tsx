// Who the message is for.

import { useConnectionManager } from '../../react/index.js'
import { Field } from '../page/Field.js'
import { Segments } from '../page/Segments.js'
import type { AudienceKind, Writing } from './draft.js'

const LABELS: Readonly<Record<Exclude<AudienceKind, 'default'>, string>> = {
  user: 'User',
  roles: 'Roles',
  topics: 'Topics',
}

interface AudienceFieldsProps {
  readonly writing: Writing
  readonly fault: string | undefined
  readonly on: (change: Partial<Writing>) => void
}

export function AudienceFields({ writing, fault, on }: AudienceFieldsProps) {
  const { topics } = useConnectionManager()
  const { route, audience, names } = writing
  const choose = (kind: AudienceKind) =>
    on({ audience: kind, names: kind === 'topics' ? topics.join(', ') : '' })
  return (
    <>
      <Segments
        legend="Audience"
        value={audience}
        choices={{ default: route === 'send' ? 'Myself' : 'Everyone', ...LABELS }}
        on={choose}
      />
      {audience !== 'default' && (
        <Field
          label={audience === 'user' ? LABELS.user : `${LABELS[audience]}, with commas between`}
          value={names}
          fault={fault}
          onText={(text) => on({ names: text })}
        />
      )}
    </>
  )
}
