// Stripe's search language: `status:'succeeded' AND metadata['order']:'42'`. One kind of joint per query, as Stripe.

import { refused, type StripeFailure } from '../errors.ts';

export interface Clause {
  /** `status`, or `metadata` with its key. */
  field: string;
  key: string | null;
  operator: ':' | '~' | '>' | '<' | '>=' | '<=';
  /** null asks whether the field is empty. */
  value: string | null;
  negated: boolean;
}

export interface Query {
  clauses: Clause[];
  joint: 'and' | 'or';
}

const CLAUSE =
  /^(-?)([a-z_]+)(?:\[(?:'([^']*)'|"([^"]*)")\])?(>=|<=|[:~><])(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s'"]+))\s*/i;

/** @param fields the names that can be searched @throws 400 when the query cannot be read */
export function readQuery(text: string, fields: readonly string[]): Query {
  const clauses: Clause[] = [];
  const joints = new Set<'and' | 'or'>();
  let rest = text.trim();
  while (rest !== '') {
    const found = CLAUSE.exec(rest);
    if (found === null) throw unreadable(text);
    const [whole, minus, name = '', key1, key2, operator = ':', quoted1, quoted2, bare] = found;
    const field = name.toLowerCase();
    if (!fields.includes(field)) throw unknownField(field, fields);
    const quoted = quoted1 ?? quoted2;
    const key = key1 ?? key2 ?? null;
    if ((field === 'metadata') !== (key !== null)) throw unreadable(text);
    clauses.push({
      field,
      key,
      operator: operatorOf(operator),
      value:
        quoted === undefined
          ? bare?.toLowerCase() === 'null'
            ? null
            : (bare ?? '')
          : quoted.replaceAll(/\\(.)/g, '$1'),
      negated: minus === '-',
    });
    rest = rest.slice(whole.length);
    const joint = /^(and|or)\s+/i.exec(rest);
    if (joint !== null) {
      joints.add(joint[1]?.toLowerCase() === 'or' ? 'or' : 'and');
      rest = rest.slice(joint[0].length);
      if (rest === '') throw unreadable(text);
    } else if (rest !== '') joints.add('and'); // A space joins with AND.
  }
  if (clauses.length === 0) throw unreadable(text);
  if (joints.size > 1) throw refused('A search query cannot mix AND and OR.', { param: 'query' });
  return { clauses, joint: joints.has('or') ? 'or' : 'and' };
}

function operatorOf(text: string): Clause['operator'] {
  switch (text) {
    case '~':
    case '>':
    case '<':
    case '>=':
    case '<=':
      return text;
    default:
      return ':';
  }
}

function unreadable(text: string): StripeFailure {
  return refused(`We were unable to parse your search query: ${text}`, { param: 'query' });
}

function unknownField(field: string, fields: readonly string[]): StripeFailure {
  return refused(`Field \`${field}\` is an unsupported search field. Supported: ${fields.join(', ')}.`, {
    param: 'query',
  });
}

/** @param read gives the value of a clause's field on the object; undefined or null is empty */
export function matchesQuery(
  query: Query,
  read: (clause: Clause) => string | number | null | undefined,
): boolean {
  const results = query.clauses.map((clause) => matchesClause(clause, read(clause)) !== clause.negated);
  return query.joint === 'and' ? results.every(Boolean) : results.some(Boolean);
}

function matchesClause(clause: Clause, actual: string | number | null | undefined): boolean {
  if (clause.value === null) return actual === null || actual === undefined || actual === '';
  if (actual === null || actual === undefined) return false;
  if (typeof actual === 'number') {
    const wanted = Number(clause.value);
    switch (clause.operator) {
      case '>':
        return actual > wanted;
      case '<':
        return actual < wanted;
      case '>=':
        return actual >= wanted;
      case '<=':
        return actual <= wanted;
      default:
        return actual === wanted;
    }
  }
  const [have, want] = [actual.toLowerCase(), clause.value.toLowerCase()];
  return clause.operator === '~' ? have.includes(want) : have === want;
}
