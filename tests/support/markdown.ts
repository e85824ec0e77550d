// The code of a document, and what it says is printed, for tests that run the one and look at the
// other.

/** A section by the heading it starts with. */
export function sectionOf(markdown: string, heading: string): string {
  return markdown.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
}

/** The code blocks of some Markdown, in order. */
export function blocksOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, block]) => block ?? '')
}

/** What differs from run to run becomes a placeholder. */
export function normalised(text: string): string {
  return text
    .trim()
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID')
    .replace(/\d{13}-\d+\.[a-z0-9]{6,16}/g, 'CURSOR')
    .replace(/\d{13}/g, 'TIME')
    .replace(/retry: \d+/g, 'retry: MS')
}

/** Fits what begins as a document shows it, normalised; what is left out there (`…`) may be anything. */
export function shown(text: string): RegExp {
  const escaped = normalised(text).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('…', '.*')}`)
}
