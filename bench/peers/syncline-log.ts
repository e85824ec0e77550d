// The product's log by itself, without a server around it.

import { serveCommands } from '../control.js'
import { measureLog } from '../log/measureLog.js'
import { SHAPES } from '../log/shapes.js'

serveCommands(
  {},
  {
    measure({ title, count }: { title: string; count: number }) {
      const shape = SHAPES.find((each) => each.title === title)
      if (shape === undefined) throw new Error(`no such shape: ${title}`)
      return measureLog(shape, count)
    },
  },
)
