/**
 * Which statements a test has sent, and how PostgreSQL would answer them once their tables are large: a statement that
 * reads a whole table although it need not is found before there are rows enough to feel it.
 */
import pg from 'pg';

/** Tables that stay small whatever the service does. */
const SMALL_TABLES = ['api_keys', 'sweep_cursors', 'kysely_migration', 'kysely_migration_lock'];
/** Indexes over what is waiting: reading all of one is reading what is to be done. */
const INDEXES_OF_WORK = ['stripe_events_pending', 'notifications_to_mail', 'charges_waiting', 'charges_open'];

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Recheck Cond'?: string;
  Plans?: PlanNode[];
}

/** Keeps the text of every statement that this process sends with parameters from now on. @returns them, and how to stop */
export function recordStatements(): { texts: Set<string>; stop: () => void } {
  const texts = new Set<string>();
  const original = pg.Client.prototype.query;
  function recording(this: pg.Client, ...args: unknown[]): unknown {
    const [first] = args;
    const text = typeof first === 'string' ? first : Reflect.get(Object(first), 'text');
    if (typeof text === 'string' && /^\s*(select|insert|update|delete|with)\b/i.test(text)) {
      texts.add(text);
    }
    return Reflect.apply(original, this, args);
  }
  Reflect.set(pg.Client.prototype, 'query', recording);
  return {
    texts,
    stop() {
      Reflect.set(pg.Client.prototype, 'query', original);
    },
  };
}

/**
 * Explains statements for a planner that avoids reading whole tables wherever an index serves.
 * @returns a sentence for each that cannot avoid it; empty when all can
 */
export async function wholeTableReads(url: string, texts: Iterable<string>): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('set enable_seqscan = off');
    const found: string[] = [];
    for (const text of texts) {
      const { rows } = await client.query(`explain (format json, generic_plan) ${text}`);
      const [{ Plan: plan }] = rows[0]['QUERY PLAN'] as [{ Plan: PlanNode }];
      found.push(
        ...readsOf(plan, false).map((read) => `${read}: ${text.replace(/\s+/g, ' ').slice(0, 400)}`),
      );
    }
    return found;
  } finally {
    await client.end();
  }
}

function readsOf(node: PlanNode, limited: boolean): string[] {
  const bounded = limited || node['Node Type'] === 'Limit';
  const children = (node.Plans ?? []).flatMap((child) => readsOf(child, bounded));
  const table = node['Relation Name'] ?? '';
  if (node['Node Type'] === 'Seq Scan' && !SMALL_TABLES.includes(table)) {
    return [`reads all of ${table}`, ...children];
  }
  const index = node['Index Name'] ?? '';
  const unconditional =
    node['Index Cond'] === undefined && /^(Index|Index Only|Bitmap Index) Scan$/.test(node['Node Type']);
  return unconditional && !bounded && !INDEXES_OF_WORK.includes(index)
    ? [`reads all of the index ${index}`, ...children]
    : children;
}
