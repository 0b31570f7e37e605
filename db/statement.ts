/**
 * Statements that are built once. Building one with Kysely and writing its text takes longer than sending it, and the text
 * of what is asked for again and again is the same every time: only its values differ. Used where a charge or a request
 * would otherwise pay for it.
 */
import { CompiledQuery, type Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** A row, or the part of one. */
type Columns = Readonly<Record<string, unknown>>;
/**
 * What differs: values, rows, and several rows of one kind. Booleans, whether a row is there, its columns, and how many rows
 * there are decide on the text.
 */
export type StatementValues = Readonly<
  Record<string, string | number | boolean | null | Columns | readonly Columns[]>
>;

/** Stands for a value while a statement is built. Whatever would be computed from it would be wrong. */
class Placeholder {
  readonly path: readonly (string | number)[];

  constructor(path: readonly (string | number)[]) {
    this.path = path;
  }

  [Symbol.toPrimitive](): never {
    return this.toJSON();
  }

  toJSON(): never {
    throw new TypeError(`${this.path.join('.')} differs each time: a statement cannot be built from it`);
  }

  in(values: StatementValues): unknown {
    return this.path.reduce<unknown>((within, key) => (within as Record<string, unknown>)[key], values);
  }
}

/**
 * @param build builds it from the first values of each shape, with stand-ins for texts and numbers; it may hand them on and
 * must not ask what they are
 * @returns executes it with the values that are given. Database errors are thrown
 */
export function statement<Values extends StatementValues, Row>(
  build: (db: Kysely<Database>, values: Values) => CompiledQuery<Row>,
): (db: Kysely<Database>, values: Values) => Promise<Row[]> {
  const built = new Map<string, CompiledQuery<Row>>();
  return async (db, values) => {
    const shape = shapeOf(values);
    const known = built.get(shape) ?? build(db, standIns(values));
    built.set(shape, known);
    const parameters = known.parameters.map((parameter) =>
      parameter instanceof Placeholder ? parameter.in(values) : parameter,
    );
    const { rows } = await db.executeQuery<Row>({
      ...CompiledQuery.raw(known.sql, parameters),
      query: known.query,
    });
    return rows;
  };
}

function shapeOf(values: StatementValues): string {
  return JSON.stringify(
    Object.values(values).map((value) => {
      if (Array.isArray(value)) {
        return value.map((row) => Object.keys(row as Columns));
      }
      if (typeof value === 'object' && value !== null) {
        return Object.keys(value);
      }
      return typeof value === 'boolean' ? value : value === null ? null : '';
    }),
  );
}

function standIns<Values extends StatementValues>(values: Values): Values {
  const standIn = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (Array.isArray(value)) {
      return value.map((row, index) => columns(row as Columns, [...path, index]));
    }
    if (typeof value === 'object' && value !== null) {
      return columns(value as Columns, path);
    }
    return typeof value === 'boolean' || value === null ? value : new Placeholder(path);
  };
  const columns = (row: Columns, path: readonly (string | number)[]) =>
    Object.fromEntries(Object.keys(row).map((column) => [column, new Placeholder([...path, column])]));
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, standIn(value, [name])]),
  ) as Values;
}
