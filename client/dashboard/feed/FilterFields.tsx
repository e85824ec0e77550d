// What to look for in the feed.

import type { Filter } from './Feed.js'

interface FilterFieldsProps {
  readonly filter: Filter
  readonly types: readonly string[]
  readonly topics: readonly string[]
  readonly on: (filter: Filter) => void
}

export function FilterFields({ filter, types, topics, on }: FilterFieldsProps) {
  return (
    <>
      <Choice
        label="Type"
        value={filter.type}
        all="all types"
        names={types}
        on={(type) => on({ ...filter, type })}
      />
      <Choice
        label="Topic"
        value={filter.topic}
        all="all topics"
        names={topics}
        on={(topic) => on({ ...filter, topic })}
      />
    </>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly all: string
  readonly names: readonly string[]
  readonly on: (name: string) => void
}

function Choice({ label, value, all, names, on }: ChoiceProps) {
  return (
    <select
      className="input filter"
      aria-label={label}
      value={value}
      onChange={(event) => on(event.target.value)}
    >
      <option value="">{all}</option>
      {names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  )
}
