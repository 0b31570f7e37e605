/** The options of every command that shows a page of a list. */
import type { Command } from 'commander';
import { readWhole } from './words.ts';

export function addPaging(command: Command): Command {
  return command
    .option('--limit <number>', 'how many', readWhole, 20)
    .option('--cursor <cursor>', 'go on where an earlier list ended');
}
