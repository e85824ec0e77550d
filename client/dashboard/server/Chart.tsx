// A line chart that fits its place and its theme. Loaded on demand: uPlot is not small.

import { useEffect, useEffectEvent, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { type ChartOptions, chartOptions } from './chartOptions.js'

interface ChartProps extends Pick<ChartOptions, 'colours' | 'format' | 'steps' | 'onHover'> {
  /** Read aloud in place of the drawing. */
  readonly label: string
  /** Unix seconds, then each line's values; `null` breaks a line. */
  readonly data: readonly [readonly number[], ...(readonly (number | null)[])[]]
}

/** `colours`, `format` and `steps` are those that it was mounted with. */
export function Chart({ label, data, colours, format, steps, onHover }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const aligned = data as unknown as uPlot.AlignedData
  const hovered = useEffectEvent(onHover)
  const create = useEffectEvent((element: HTMLElement) => {
    const size = sizeOf(element)
    const colourOf = paletteOf(element)
    const options = chartOptions({ size, colours, colourOf, format, steps, onHover: hovered })
    return new uPlot(options, aligned, element)
  })

  useEffect(() => {
    const element = place.current
    if (element === null) return
    const chart = create(element)
    plot.current = chart
    const sizes = new ResizeObserver(() => chart.setSize(sizeOf(element)))
    sizes.observe(element)
    const forgetTheme = onThemeChange(() => chart.redraw(false))
    return () => {
      forgetTheme()
      sizes.disconnect()
      chart.destroy()
      element.replaceChildren()
      plot.current = undefined
    }
  }, [])
  useEffect(() => plot.current?.setData(aligned), [aligned])

  return <div ref={place} className="chart" role="img" aria-label={label} />
}

const sizeOf = ({ clientWidth: width, clientHeight: height }: HTMLElement) => ({ width, height })

/** A property's own text may still be `light-dark(…)`; what it comes to is asked of an element. */
function paletteOf(element: HTMLElement): (name: string) => string {
  const probe = element.appendChild(document.createElement('i'))
  return (name) => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
}

/** The page's own choice, and the system's. */
function onThemeChange(listener: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const own = new MutationObserver(listener)
  system.addEventListener('change', listener)
  own.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return () => {
    system.removeEventListener('change', listener)
    own.disconnect()
  }
}
