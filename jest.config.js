// Four projects: `unit` is the inner loop, `contracts` run one suite on every implementation,
// `conformance` holds the wire contract (also against BASE_URL), `integration` the whole server.
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

export default {
  projects: [
    project('unit'),
    project('contracts'),
    { ...project('conformance'), globalSetup: '<rootDir>/tests/conformance/checkTarget.ts' },
    project('integration'),
  ],
  testSequencer: '<rootDir>/tests/conformance/sequencer.mjs',
  testTimeout: 30_000,
}
