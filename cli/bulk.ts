/**
 * One change to many enrollments: a bounded number at a time, each by itself, so that one that is refused stops none of
 * the others. Which were done before is known by the change's name, so a run that was cut short is simply run again.
 */
import { Listr } from 'listr2';
import { CommandFailure, EXIT } from './failure.ts';

export interface BulkOutcome<Item> {
  done: Item[];
  failed: { item: Item; why: string }[];
  /** Not begun, because the run was ended. */
  left: Item[];
}

export interface BulkOptions<Item> {
  items: readonly Item[];
  concurrency: number;
  act: (item: Item) => Promise<void>;
  /** E.g. `Changing`. */
  title: string;
  /** Ends the run: what is under way is finished, nothing more is begun. */
  stop: AbortSignal;
  /** No progress is shown. */
  quiet: boolean;
}

const BAR_WIDTH = 30;

export async function inBulk<Item>(options: BulkOptions<Item>): Promise<BulkOutcome<Item>> {
  const { items, title, quiet } = options;
  const outcome: BulkOutcome<Item> = { done: [], failed: [], left: [] };
  const tasks = new Listr(
    [
      {
        title,
        task: async (_context, task) => {
          const tell = () => {
            const { done, failed } = outcome;
            const ending = options.stop.aborted ? ', ending' : '';
            const sum = bar(done.length + failed.length, items.length);
            task.title = `${title} ${sum} ${failed.length} failed${ending}`;
          };
          tell();
          options.stop.addEventListener('abort', tell, { once: true });
          await work(options, outcome, tell);
        },
      },
    ],
    {
      renderer: quiet ? 'silent' : process.stderr.isTTY === true ? 'default' : 'simple',
      registerSignalListeners: false,
    },
  );
  await tasks.run();
  return outcome;
}

async function work<Item>(
  { items, concurrency, act, stop }: BulkOptions<Item>,
  outcome: BulkOutcome<Item>,
  progress: () => void,
): Promise<void> {
  const waiting = [...items];
  const beginNoMore = () => {
    outcome.left = outcome.left.concat(waiting.splice(0));
  };
  const one = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await act(item);
        outcome.done.push(item);
      } catch (error) {
        if (!(error instanceof CommandFailure)) {
          // The others at work here would go on with all the rest, and nobody would be told.
          beginNoMore();
          throw error;
        }
        outcome.failed.push({ item, why: error.message });
        if (error.exitCode === EXIT.usage) {
          // The key is not good enough, say: it will not be for the others either.
          beginNoMore();
        }
      }
      progress();
      if (stop.aborted) {
        beginNoMore();
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
}

function bar(done: number, all: number): string {
  const filled = all === 0 ? BAR_WIDTH : Math.round((done / all) * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${done} of ${all},`;
}
