import { describe, expect, it } from '@jest/globals';
import { StripeFailure } from '../../dev/stripe-stand-in/errors.ts';
import { decodeForm } from '../../dev/stripe-stand-in/http/form.ts';
import { changeMetadata } from '../../dev/stripe-stand-in/http/metadata.ts';
import {
  array,
  boolean,
  integer,
  object,
  oneOf,
  readShape,
  required,
  string,
  unsettable,
} from '../../dev/stripe-stand-in/http/params.ts';
import { createRouter, route } from '../../dev/stripe-stand-in/http/routes.ts';
import { matchesQuery, readQuery } from '../../dev/stripe-stand-in/http/search-query.ts';

function refusalOf(run: () => unknown): {
  code: string | undefined;
  param: string | undefined;
  stored: boolean;
} {
  try {
    run();
  } catch (error) {
    if (error instanceof StripeFailure)
      return { code: error.body.code, param: error.body.param, stored: error.stored };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('decodeForm', () => {
  it.each([
    ['a=1&b=two+words%21', { a: '1', b: 'two words!' }],
    ['metadata[a]=b&metadata[c]=', { metadata: { a: 'b', c: '' } }],
    ['expand[0]=x&expand[1]=y', { expand: { 0: 'x', 1: 'y' } }],
    ['expand[]=x&expand[]=y', { expand: { 0: 'x', 1: 'y' } }],
    ['a[b][c][d]=1', { a: { b: { c: { d: '1' } } } }],
    ['', {}],
    ['a', { a: '' }],
    ['a=%', { a: '%' }],
  ])('%s', (text, expected) => {
    expect(JSON.parse(JSON.stringify(decodeForm(text)))).toEqual(expected);
  });
  it('takes __proto__ as a name like any other', () => {
    const form = decodeForm('__proto__[polluted]=1');
    expect(Object.keys(form)).toEqual(['__proto__']);
    expect('polluted' in {}).toBe(false);
  });
});

describe('readShape', () => {
  const shape = {
    amount: required(integer({ min: 1 })),
    confirm: boolean,
    kind: oneOf('a', 'b'),
    list: array(string()),
    inner: object({ deep: required(string()) }),
    note: unsettable(string({ max: 5 })),
  };
  it('reads every kind of value', () => {
    const form = decodeForm('amount=5&confirm=true&kind=b&list[0]=x&inner[deep]=y&note=');
    expect(readShape(shape, form)).toEqual({
      amount: 5,
      confirm: true,
      kind: 'b',
      list: ['x'],
      inner: { deep: 'y' },
      note: null,
    });
  });
  it.each([
    ['', 'parameter_missing', 'amount'],
    ['amount=', 'parameter_invalid_empty', 'amount'],
    ['amount=0', 'parameter_invalid_integer', 'amount'],
    ['amount=1.5', 'parameter_invalid_integer', 'amount'],
    ['amount=1e3', 'parameter_invalid_integer', 'amount'],
    ['amount=1&confirm=yes', undefined, 'confirm'],
    ['amount=1&kind=c', undefined, 'kind'],
    ['amount=1&list=x', undefined, 'list'],
    ['amount=1&inner[other]=x', 'parameter_unknown', 'inner[other]'],
    ['amount=1&inner[deep]=', 'parameter_invalid_empty', 'inner[deep]'],
    ['amount=1&note=toolong', 'parameter_invalid_string', 'note'],
    ['amount=1&nonsense=1', 'parameter_unknown', 'nonsense'],
  ])('refuses %s', (text, code, param) => {
    expect(refusalOf(() => readShape(shape, decodeForm(text)))).toEqual({ code, param, stored: false });
  });
});

describe('changeMetadata', () => {
  it('adds, replaces, removes and empties without touching the old object', () => {
    const before = { a: '1', b: '2' };
    expect(changeMetadata(before, { b: '', c: '3' })).toEqual({ a: '1', c: '3' });
    expect(changeMetadata(before, null)).toEqual({});
    expect(changeMetadata(before, undefined)).toEqual(before);
    expect(before).toEqual({ a: '1', b: '2' });
  });
});

describe('createRouter', () => {
  const find = createRouter([
    route('GET', '/v1/things/:id', {}, () => ({})),
    route('GET', '/v1/things/search', {}, () => ({})),
    route('GET', '/v1/things/:id/parts/:part', {}, () => ({})),
  ]);
  it('prefers a fixed segment', () => {
    expect(find('GET', '/v1/things/search')?.ids).toEqual([]);
    expect(find('GET', '/v1/things/t_1')?.ids).toEqual(['t_1']);
    expect(find('GET', '/v1/things/t_1/parts/p%5F2')?.ids).toEqual(['t_1', 'p_2']);
  });
  it('finds nothing for another method, length or name', () => {
    expect(find('POST', '/v1/things/t_1')).toBeUndefined();
    expect(find('GET', '/v1/things')).toBeUndefined();
    expect(find('GET', '/v1/others/t_1')).toBeUndefined();
  });
});

describe('search queries', () => {
  const fields = ['amount', 'status', 'metadata', 'customer'];
  const object: Record<string, string | number | null> = {
    amount: 100,
    status: 'succeeded',
    customer: null,
    order: 'A 1',
  };
  const matches = (query: string) =>
    matchesQuery(readQuery(query, fields), ({ field, key }) => object[key ?? field]);
  it.each([
    ["status:'succeeded'", true],
    ["-status:'succeeded'", false],
    ["status:'succeeded' AND amount>100", false],
    ["status:'succeeded' AND amount>=100", true],
    ["status:'failed' OR amount<101", true],
    ["metadata['order']:'A 1'", true],
    ["metadata['order']:'A'", false],
    ["metadata['order']~'a'", true],
    ['metadata["order"]:"A 1"', true],
    ["metadata['none']:null", true],
    ['customer:null', true],
    ["-customer:null AND status:'succeeded'", false],
  ])('%s', (query, expected) => {
    expect(matches(query)).toBe(expected);
  });
  it.each([
    'nonsense',
    "status:'a' AND amount>1 OR amount<1",
    "secret:'x'",
    "status:'a' AND",
    "metadata:'x'",
    '',
  ])('refuses %s', (query) => {
    expect(refusalOf(() => readQuery(query, fields)).param).toBe('query');
  });
});
