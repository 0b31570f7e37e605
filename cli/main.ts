/** The entry of `npx durable-billing`, started by `cli/bin.js`; see docs/operations.md. */
import { buildProgram, endOf } from './program.ts';

const program = buildProgram(process.env);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = endOf(error, process.argv.includes('--json'));
}
