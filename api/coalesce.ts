/**
 * Does together what comes in while earlier work is under way: one statement for many rows under load, and no wait at
 * all without. Used by the webhook inbox, where each row by itself costs a round trip and a commit.
 */

export interface CoalesceOptions<Item, Answer> {
  /** Does several at once. @returns an answer for each, in their order */
  together: (items: readonly Item[]) => Promise<readonly Answer[]>;
  /** Two of the same are never in one batch. */
  keyOf: (item: Item) => string;
  /** Batches under way at once; two, so that one that waits for a lock does not hold up all others. @default 2 */
  atOnce?: number;
  /** Items in one batch. @default 64 */
  most?: number;
}

/**
 * @returns a function that does one item and answers for it. When a batch fails, its items are done side by side, each by
 * itself: only whoever is at fault gets the error. So `together` must be safe to repeat.
 */
export function coalesce<Item, Answer>(
  options: CoalesceOptions<Item, Answer>,
): (item: Item) => Promise<Answer> {
  const { together, keyOf, atOnce = 2, most = 64 } = options;
  interface Waiting {
    item: Item;
    resolve: (answer: Answer) => void;
    reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let underWay = 0;

  function next(): void {
    while (underWay < atOnce && waiting.length > 0) {
      const batch = take();
      underWay += 1;
      void doAll(batch).finally(() => {
        underWay -= 1;
        next();
      });
    }
  }

  function take(): Waiting[] {
    const keys = new Set<string>();
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    for (const one of waiting) {
      const key = keyOf(one.item);
      if (batch.length < most && !keys.has(key)) {
        keys.add(key);
        batch.push(one);
      } else {
        left.push(one);
      }
    }
    waiting = left;
    return batch;
  }

  async function doAll(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await together(batch.map(({ item }) => item));
      if (answers.length !== batch.length) {
        throw new Error(`${batch.length} items were answered with ${answers.length} answers`);
      }
      for (const [index, { resolve }] of batch.entries()) {
        resolve(answers[index] as Answer);
      }
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1) {
        only?.reject(error);
        return;
      }
      await Promise.all(batch.map((one) => doAll([one])));
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      next();
    });
}
