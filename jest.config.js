export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // A minute or two each: `npm run rehearse`.
  testPathIgnorePatterns: ['/node_modules/', '\\.rehearsal\\.test\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript' },
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  // Without times of an earlier run, Jest goes by sizes: a long file that is small would begin last and run on alone.
  testSequencer: '<rootDir>/test/support/longest-first.ts',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // For two cores, which PostgreSQL, Temporal and a browser share with the tests: a third of a test's time is waiting.
  maxWorkers: 4,
  // Each file loads all modules anew, and what the native ones hold is not given back: past this a worker starts afresh,
  // instead of collecting garbage for half of its time.
  workerIdleMemoryLimit: '700MB',
  // Long enough for the first test that starts a server, short enough to notice a hang.
  testTimeout: 30_000,
  // The Temporal SDK's native part may hold a handle after all is closed (temporalio/sdk-typescript#928).
  forceExit: true,
};
