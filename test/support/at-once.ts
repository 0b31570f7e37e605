/** Many things in parallel, but not all at once: a busy machine answers nobody in time. */

/** Does `work` for every item, at most `limit` at a time; the answers keep the order of the items. */
export async function atOnce<Item, Answer>(
  limit: number,
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const hand = async () => {
    while (next < items.length) {
      const index = next++;
      answers[index] = await work(items[index] as Item, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, hand));
  return answers;
}
