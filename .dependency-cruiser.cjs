// The floors of the house, from the ground up: a file imports only from its own floor or a lower
// one. `config.ts` at the root is read by its neighbours alone; everything else is handed in.
const floors = [
  '^shared/',
  '^server/redis/',
  '^server/brokers/',
  '^server/services/',
  '^server/delivery/',
  '^server/security/',
  '^server/transports/',
  '^server/routes/',
  '^server/[^/]+[.]ts$',
]

module.exports = {
  forbidden: [
    // What Convex generates names all functions, which name each other by it.
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { pathNot: '/_generated/' } },
    },
    {
      name: 'what-runs-on-convex-knows-nothing-else',
      severity: 'error',
      from: { path: '^convex/' },
      to: { path: '^(client|server|shared|tests)/' },
    },
    {
      name: 'nobody-knows-what-runs-on-convex',
      severity: 'error',
      from: { path: '^(client|server|shared)/' },
      to: { path: '^convex/' },
    },
    {
      name: 'the-client-knows-no-server',
      severity: 'error',
      from: { path: '^client/' },
      to: { path: '^(server|tests)/' },
    },
    {
      name: 'the-server-knows-no-client',
      severity: 'error',
      from: { path: '^(server|shared)/' },
      to: { path: '^(client|tests)/' },
    },
    {
      name: 'the-connection-knows-no-framework',
      severity: 'error',
      from: { path: '^client/connection/' },
      to: { path: ['^client/(react|dashboard)/', 'node_modules/'] },
    },
    {
      name: 'the-client-takes-only-types-from-the-shared-floor',
      severity: 'error',
      from: { path: '^client/(cli|connection|react)/' },
      to: { path: '^shared/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-react-binding-knows-no-dashboard',
      severity: 'error',
      from: { path: '^client/react/' },
      to: { path: '^client/dashboard/' },
    },
    {
      name: 'the-cli-knows-only-the-connection',
      severity: 'error',
      from: { path: '^client/cli/' },
      to: { path: '^client/', pathNot: '^client/(cli|connection)/' },
    },
    {
      name: 'nobody-knows-the-cli',
      severity: 'error',
      from: { pathNot: '^client/cli/' },
      to: { path: '^client/cli/' },
    },
    ...floors.slice(0, -1).map((floor, index) => ({
      name: `looks-only-down-from-${floor.replace(/[^a-z]/g, '')}`,
      severity: 'error',
      from: { path: floor },
      to: { path: floors.slice(index + 1) },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
  },
}
