// Fails where package-lock.json names an optional platform package that it does not hold:
// `npm ci` would then refuse the lock on that platform (and `npm install` writes such locks silently).
import { readFileSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const locked = Object.keys(packages)

const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies)
    .filter((name) => !locked.some((key) => key.endsWith(`node_modules/${name}`)))
    .map((name) => `${path || 'the project'} needs ${name}`),
)

if (missing.length > 0) {
  console.error(`package-lock.json is incomplete:\n  ${missing.join('\n  ')}`)
  console.error('Pin a version whose platform packages are all published (see "overrides").')
  process.exit(1)
}
