// Convex's own code generation, without a deployment. Its command line pushes the code to one and is
// told what is in it; this answers that, and nothing else of Convex.
//
//   node scripts/convexCodegen.mjs <folder of an app> [<folder of a component, from there>]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'

const CONVEX = fileURLToPath(new URL('../node_modules/convex/bin/main.js', import.meta.url))

/** Writes `_generated` of the app in `folder`; where a component is named, that one's instead. */
async function generate(folder, component) {
  const temporary = mkdtempSync(join(tmpdir(), 'syncline-codegen-'))
  let fault
  const deployment = createServer((req, res) => {
    answer(req, temporary).then(
      (body) => res.setHeader('Content-Type', 'application/json').end(JSON.stringify(body)),
      (error) => {
        fault = error
        res.writeHead(500).end()
      },
    )
  })
  deployment.listen(0, '127.0.0.1')
  await once(deployment, 'listening')
  const where = ['--url', `http://127.0.0.1:${deployment.address().port}`, '--admin-key', 'none']
  const what = component === undefined ? [] : ['--component-dir', component]
  try {
    await run(['codegen', '--typecheck', 'disable', ...where, ...what], folder)
  } catch (error) {
    throw fault ?? error
  } finally {
    deployment.closeAllConnections()
    deployment.close()
    rmSync(temporary, { recursive: true, force: true })
  }
}

async function run(args, folder) {
  const child = spawn(process.execPath, [CONVEX, ...args], {
    cwd: folder,
    // It reports its faults to its makers otherwise.
    env: { ...process.env, CI: 'true' },
    timeout: 60_000,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`convex ${args.join(' ')} ended with ${code}:\n${output}`)
}

async function answer(req, temporary) {
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const text = req.headers['content-encoding'] === 'br' ? brotliDecompressSync(bytes) : bytes
  if (req.url === '/api/get_config_hashes') return NOTHING_THERE
  if (req.url === '/api/deploy2/start_push') return analyze(JSON.parse(text), temporary)
  throw new Error(`this knows nothing of ${req.url}`)
}

async function analyze({ appDefinition, componentDefinitions }, temporary) {
  const analysis = {}
  const pushed = [
    ...componentDefinitions,
    { ...appDefinition, definitionPath: '', functions: appDefinition.changedModules },
  ]
  for (const { definitionPath, definition, functions } of pushed) {
    const folder = join(temporary, String(Object.keys(analysis).length))
    const analyzed = await functionsOf(functions, folder)
    const described = await describe(definition, folder, analysis)
    analysis[definitionPath] = {
      definition: { ...described, path: definitionPath, exports: exportsOf(analyzed) },
      functions: analyzed,
      udfConfig: { serverVersion: '' },
    }
  }
  return { ...PUSHED, analysis }
}

/** What a `convex.config.ts` says. It imports others' as what a deployment puts in their place. */
async function describe({ path, source }, folder, analysis) {
  for (const [, specifier] of source.matchAll(/from *"\.\/(_componentDeps\/[^"]+)"/g)) {
    const encoded = specifier.split('/').at(-1)
    const componentDefinitionPath = Buffer.from(encoded, 'base64url').toString()
    const { name: defaultName } = analysis[componentDefinitionPath].definition
    const stub = JSON.stringify({ componentDefinitionPath, defaultName })
    write(folder, specifier, `export default ${stub}`)
  }
  const { default: definition } = await load(write(folder, path, source))
  return definition.export()
}

async function functionsOf(modules, folder) {
  for (const { path, source } of modules) write(folder, path, source)
  const analyzed = {}
  for (const { path } of modules) {
    if (path.startsWith('_deps/')) continue
    const functions = Object.entries(await load(join(folder, path))).flatMap(functionOf)
    analyzed[path] = { functions }
  }
  return analyzed
}

function functionOf([name, exported]) {
  const udfType = ['Query', 'Mutation', 'Action'].find((type) => exported?.[`is${type}`])
  if (udfType === undefined) return []
  const visibility = { kind: exported.isPublic ? 'public' : 'internal' }
  const [args, returns] = [exported.exportArgs(), exported.exportReturns()].map(ordered)
  return [{ name, udfType, visibility, args, returns }]
}

/** A deployment names fields in the order of the alphabet. */
function ordered(validator) {
  return JSON.stringify(JSON.parse(validator), (_key, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** What an app sees of a component: its public functions, module by module. */
function exportsOf(analyzed) {
  const branch = Object.entries(analyzed).flatMap(([path, { functions }]) => {
    const module = path.replace(/\.js$/, '')
    const leaves = functions
      .filter(({ visibility }) => visibility.kind === 'public')
      .map(({ name }) => [name, { type: 'leaf', leaf: `_reference/function/${module}:${name}` }])
    return leaves.length === 0 ? [] : [[module, { type: 'branch', branch: leaves }]]
  })
  return { type: 'branch', branch }
}

function write(folder, path, source) {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  // Modules, wherever the folder is.
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(file, source)
  return file
}

const load = (file) => import(pathToFileURL(file).href)

const NOTHING_THERE = { config: { functions: 'convex/' }, moduleHashes: [] }
const PUSHED = {
  environmentVariables: {},
  externalDepsId: null,
  componentDefinitionPackages: {},
  appAuth: [],
  app: {
    definitionPath: '',
    componentPath: '',
    args: {},
    childComponents: {},
    httpRoutes: { httpModuleRoutes: null, mounts: [] },
    exports: {},
  },
  schemaChange: {},
}

const [folder, component] = process.argv.slice(2)
if (folder === undefined) throw new Error('of which app? See the head of this file')
await generate(folder, component)
