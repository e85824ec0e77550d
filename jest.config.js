// Eight projects: `unit` is the inner loop, `contracts` run one suite on every implementation,
// `conformance` holds the wire contract (also against BASE_URL), `integration` the whole server,
// `hardening` attacks a server and watches it, `faults` does harm to a Redis and the nodes that share
// it, `browser` is the client in a real browser behind faulty networks, `react` the hooks in jsdom.

import { availableParallelism } from 'node:os'

const project = (name) => ({
  displayName: name,
  testMatch: [`<rootDir>/tests/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'] },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
})

const moreTries = '<rootDir>/tests/support/moreTries.ts'

export default {
  projects: [
    project('unit'),
    { ...project('contracts'), setupFilesAfterEnv: [moreTries] },
    { ...project('conformance'), globalSetup: '<rootDir>/tests/conformance/checkTarget.ts' },
    { ...project('integration'), setupFilesAfterEnv: [moreTries] },
    { ...project('hardening'), setupFilesAfterEnv: [moreTries] },
    { ...project('faults'), setupFilesAfterEnv: [moreTries] },
    {
      ...project('browser'),
      globalSetup: '<rootDir>/tests/browser/buildPage.ts',
      setupFilesAfterEnv: [moreTries],
    },
    {
      ...project('react'),
      setupFilesAfterEnv: [moreTries],
      testEnvironment: '<rootDir>/tests/support/pageEnvironment.mjs',
      // Not `browser`: the server beside the page needs the real `ws`.
      testEnvironmentOptions: { customExportConditions: ['node', 'node-addons'] },
    },
  ],
  testSequencer: '<rootDir>/tests/conformance/sequencer.mjs',
  testTimeout: 120_000,
  // The tests wait more than they compute.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
}
