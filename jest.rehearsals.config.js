/**
 * Rehearsals: hours, years and deploys played through on the real parts, a minute or two each (`npm run rehearse`). They
 * run one after the other, before a release and every night; what a change needs at once is in `npm test`.
 */
import usual from './jest.config.js';

// The suite asks half of it.
process.env.MATRIX ??= 'pairs';

export default {
  ...usual,
  testMatch: ['**/*.rehearsal.test.ts', '**/matrix.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
};
