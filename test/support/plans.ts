/**
 * Which statements a test has sent, and how PostgreSQL would answer them once their tables are large: a statement that
 * reads a whole table although it need not is found before there are rows enough to feel it.
 */
import pg from 'pg';

/** Tables that stay small whatever the service does. */
const SMALL_TABLES = [
  'api_keys',
  'sweep_cursors',
  'kysely_migration',
  'kysely_migration_lock',
  'figure_sums',
  // What is to be added to the sums: it is taken away with that.
  'late_money',
  'late_attempts',
  'noted_declined',
];
/** Indexes over what is waiting: reading all of one is reading what is to be done. */
const INDEXES_OF_WORK = [
  'stripe_events_pending',
  'stripe_events_pending_newest',
  'notifications_to_mail',
  'charges_waiting',
  'charges_unanswered',
  'charges_refund_refused',
  'charges_open',
];
/**
 * Each passed by a good share of the rows of any installation, so that few are read in vain; of those of one type perhaps
 * by none, since there are types that are echoes of our own requests alone.
 */
const FILTERS_OF_MANY = ['(signalled_at IS NOT NULL)', '(ignored_reason IS NOT NULL)'];
/** Read all that they are given before they answer with anything: a limit above bounds nothing below. */
const READS_ALL_FIRST = [
  'Sort',
  'Aggregate',
  'Hash',
  'WindowAgg',
  'SetOp',
  'Bitmap Heap Scan',
  'ModifyTable',
];

interface PlanNode {
  'Node Type': string;
  'Parent Relationship'?: string;
  'Join Type'?: string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Recheck Cond'?: string;
  'Join Filter'?: string;
  Filter?: string;
  /** Of one loop, on the average. */
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

/** Values of one text that are kept, the latest. */
const MOST_VALUES = 5;

/** The texts of statements, each with the values that it was sent with. */
export type SentStatements = Map<string, unknown[][]>;

/** Keeps every statement of connections that this process opens from now on. @returns them, and how to stop */
export function recordStatements(): { sent: SentStatements; stop: () => void } {
  const sent: SentStatements = new Map();
  const original = pg.Client.prototype.query;
  function recording(this: pg.Client, ...args: unknown[]): unknown {
    const [first, second] = args;
    const text = typeof first === 'string' ? first : Reflect.get(Object(first), 'text');
    if (typeof text === 'string' && /^\s*(select|insert|update|delete|with)\b/i.test(text)) {
      const values: unknown[] = Array.isArray(second) ? second : (Reflect.get(Object(first), 'values') ?? []);
      sent.set(text, [...(sent.get(text) ?? []), values].slice(-MOST_VALUES));
    }
    return Reflect.apply(original, this, args);
  }
  Reflect.set(pg.Client.prototype, 'query', recording);
  return {
    sent,
    stop() {
      Reflect.set(pg.Client.prototype, 'query', original);
    },
  };
}

/**
 * Explains statements for a planner that avoids reading whole tables wherever an index serves.
 * @returns a sentence for each that cannot avoid it; empty when all can
 */
export function wholeTableReads(url: string, texts: Iterable<string>): Promise<string[]> {
  return foundOf(url, texts, async (client, text) => readsOf(await genericPlan(client, text), false));
}

async function genericPlan(client: pg.Client, text: string): Promise<PlanNode> {
  const { rows } = await client.query(`explain (format json, generic_plan) ${text}`);
  const [{ Plan: plan }] = rows[0]['QUERY PLAN'] as [{ Plan: PlanNode }];
  return plan;
}

function indexesIn(node: PlanNode, table: string): string[] {
  const below = (node.Plans ?? []).flatMap((child) => indexesIn(child, table));
  return isReadOfRows(node) && node['Relation Name'] === table
    ? [node['Index Name'] ?? 'none', ...below]
    : below;
}

/** A `ModifyTable` names its table too, and reads none of it. */
function isReadOfRows(node: PlanNode): boolean {
  return node['Relation Name'] !== undefined && node['Node Type'].endsWith('Scan');
}

/** @returns the indexes by which statements read a table, whatever their values, in order */
export async function indexesOf(url: string, texts: Iterable<string>, table: string): Promise<string[]> {
  const found = await lookedAt(url, texts, async (client, text) =>
    indexesIn(await genericPlan(client, text), table),
  );
  return [...new Set(found.map(({ what }) => what))].sort();
}

/**
 * Executes statements, and undoes them, for the same planner: where few rows match, it may take a small table whole, and
 * would not once it is large.
 * @returns a sentence for each that reads more than `most` rows of tables
 */
export function manyRowsRead(url: string, sent: SentStatements, most: number): Promise<string[]> {
  return foundOf(url, sent.keys(), async (client, text) => {
    const found: string[] = [];
    for (const values of sent.get(text) ?? []) {
      const read = await rowsRead(client, text, values);
      if (read > most) {
        found.push(`reads ${read} rows`);
      }
    }
    return found;
  });
}

/** @returns what `look` finds of each statement, followed by its text */
async function foundOf(url: string, texts: Iterable<string>, look: Look): Promise<string[]> {
  const found = await lookedAt(url, texts, look);
  return found.map(({ what, text }) => `${what}: ${text.replace(/\s+/g, ' ').slice(0, 400)}`);
}

type Look = (client: pg.Client, text: string) => Promise<string[]>;

async function lookedAt(
  url: string,
  texts: Iterable<string>,
  look: Look,
): Promise<{ what: string; text: string }[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('set enable_seqscan = off');
    const found: { what: string; text: string }[] = [];
    for (const text of texts) {
      found.push(...(await look(client, text)).map((what) => ({ what, text })));
    }
    return found;
  } finally {
    await client.end();
  }
}

async function rowsRead(client: pg.Client, text: string, values: unknown[]): Promise<number> {
  await client.query('begin');
  try {
    const { rows } = await client.query(
      `explain (analyze, format json, timing off, buffers off) ${text}`,
      values,
    );
    const [{ Plan: plan }] = rows[0]['QUERY PLAN'] as [{ Plan: PlanNode }];
    return rowsReadBy(plan);
  } catch (error) {
    // What is there already cannot be inserted once more.
    if (error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION) {
      return 0;
    }
    throw error;
  } finally {
    await client.query('rollback');
  }
}

const UNIQUE_VIOLATION = '23505';

function rowsReadBy(node: PlanNode): number {
  const { 'Actual Rows': found = 0, 'Actual Loops': loops = 0, Plans: plans = [] } = node;
  const inVain = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  const below = plans.reduce((sum, child) => sum + rowsReadBy(child), 0);
  return below + (isReadOfRows(node) ? Math.round((found + inVain) * loops) : 0);
}

/** @param limited whether no more of this node's rows are read than somebody above has asked for */
function readsOf(node: PlanNode, limited: boolean): string[] {
  const {
    'Node Type': type,
    'Relation Name': table = '',
    'Index Name': index = '',
    Plans: plans = [],
  } = node;
  const asked = type === 'Limit' || (limited && !READS_ALL_FIRST.includes(type) && !leavesOut(node));
  const children = plans.flatMap((child) =>
    readsOf(child, asked && /^(Outer|Subquery)$/.test(child['Parent Relationship'] ?? '')),
  );
  if (type === 'Seq Scan' && !SMALL_TABLES.includes(table)) {
    return [`reads all of ${table}`, ...children];
  }
  if (!/^(Index|Index Only|Bitmap Index) Scan$/.test(type) || INDEXES_OF_WORK.includes(index)) {
    return children;
  }
  const condition = node['Index Cond'];
  if (condition === undefined && !asked) {
    return [`reads all of the index ${index}`, ...children];
  }
  // A place to begin at leaves as much to read as there is after it.
  const isBounded = condition?.includes(' = ') === true && !isOfOneTypeAndState(node);
  return limited && !asked && !isBounded
    ? [`may read all of the index ${index} until enough rows pass`, ...children]
    : children;
}

/** Walks the rows of one type for those in one state. */
function isOfOneTypeAndState({ Filter: filter = '', 'Index Cond': condition = '' }: PlanNode): boolean {
  return /^\(+type = /.test(condition) && FILTERS_OF_MANY.includes(filter);
}

/** Whether rows of its first child, or its own, are read in vain. */
function leavesOut(node: PlanNode): boolean {
  if (node.Filter !== undefined && (isOfOneTypeAndState(node) || !FILTERS_OF_MANY.includes(node.Filter))) {
    return true;
  }
  const inner = node.Plans?.find((child) => child['Parent Relationship'] === 'Inner');
  switch (node['Join Type']) {
    case 'Semi':
    case 'Anti':
      return true;
    case 'Inner':
      return node['Join Filter'] !== undefined || (inner !== undefined && leavesOut(inner));
    default:
      return false;
  }
}
