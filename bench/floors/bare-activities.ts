/** The Activity of the floors: empty, but for counting how often it ran. */
let count = 0;

export async function nothing(): Promise<number> {
  count += 1;
  return count;
}

export function timesDone(): number {
  return count;
}
