// Readers for request parameters: each turns the strings of a form into a typed value or refuses it in Stripe's words.
// Used by every route; a parameter that a route does not name is refused, as Stripe does.

import { invalidParam } from '../errors.ts';
import { emptyForm, type Form, type FormValue } from './form.ts';

export interface Param<T> {
  readonly read: (value: FormValue, name: string) => T;
  readonly required?: boolean;
}
export interface RequiredParam<T> extends Param<T> {
  readonly required: true;
}
export type Shape = Readonly<Record<string, Param<unknown>>>;
export type Parsed<S extends Shape> = {
  [K in keyof S]: S[K] extends RequiredParam<infer T>
    ? T
    : S[K] extends Param<infer T>
      ? T | undefined
      : never;
};

export function required<T>(param: Param<T>): RequiredParam<T> {
  return { ...param, required: true };
}

/** Reads all parameters of a request or of a nested object. `prefix` is the name of the object that holds them. */
export function readShape<S extends Shape>(shape: S, form: Form, prefix = ''): Parsed<S> {
  const unknown = Object.keys(form).filter((name) => !Object.hasOwn(shape, name));
  if (unknown.length > 0) throw unknownParameters(unknown.map((name) => nested(prefix, name)));
  const out: Record<string, unknown> = {};
  for (const name in shape) {
    const param = shape[name];
    if (param === undefined) continue;
    const value = form[name];
    const full = nested(prefix, name);
    if (value !== undefined) out[name] = param.read(value, full);
    else if (param.required === true) {
      throw invalidParam(full, `Missing required param: ${full}.`, 'parameter_missing');
    }
  }
  return out as Parsed<S>;
}

function unknownParameters(names: string[]) {
  const [first = ''] = names;
  const noun = names.length > 1 ? 'parameters' : 'parameter';
  return invalidParam(first, `Received unknown ${noun}: ${names.join(', ')}`, 'parameter_unknown');
}

function nested(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}[${name}]`;
}

function text(value: FormValue, name: string): string {
  if (typeof value !== 'string') throw invalidParam(name, `Invalid string: ${JSON.stringify(value)}`);
  if (value === '') {
    throw invalidParam(
      name,
      `You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; ` +
        `however '${name}' cannot be unset. You should remove '${name}' from your request or supply a non-empty value.`,
      'parameter_invalid_empty',
    );
  }
  return value;
}

export function string(limits: { max?: number } = {}): Param<string> {
  const max = limits.max ?? 5000;
  return {
    read(value, name) {
      const read = text(value, name);
      if (read.length > max) {
        throw invalidParam(
          name,
          `Invalid string: ${read.slice(0, 20)}...; must be at most ${max} characters`,
          'parameter_invalid_string',
        );
      }
      return read;
    },
  };
}

/** An empty value unsets: read as null. */
export function unsettable<T>(param: Param<T>): Param<T | null> {
  return { read: (value, name) => (value === '' ? null : param.read(value, name)) };
}

export function integer(limits: { min?: number; max?: number } = {}): Param<number> {
  return {
    read(value, name) {
      const read = text(value, name);
      const code = 'parameter_invalid_integer';
      if (!/^-?\d{1,15}$/.test(read)) throw invalidParam(name, `Invalid integer: ${read}`, code);
      const number = Number(read);
      if (limits.min !== undefined && number < limits.min) {
        const bound = `greater than or equal to ${limits.min}`;
        throw invalidParam(name, `This value must be ${bound} (it currently is '${read}').`, code);
      }
      if (limits.max !== undefined && number > limits.max) {
        const bound = `less than or equal to ${limits.max}`;
        throw invalidParam(name, `This value must be ${bound} (it currently is '${read}').`, code);
      }
      return number;
    },
  };
}

export const boolean: Param<boolean> = {
  read(value, name) {
    const read = text(value, name);
    if (read !== 'true' && read !== 'false') throw invalidParam(name, `Invalid boolean: ${read}`);
    return read === 'true';
  },
};

export function oneOf<const T extends string>(...values: readonly T[]): Param<T> {
  const list = values.length > 1 ? `${values.slice(0, -1).join(', ')} or ${values.at(-1)}` : values[0];
  return {
    read(value, name) {
      const read = text(value, name);
      const found = values.find((candidate) => candidate === read);
      if (found === undefined) throw invalidParam(name, `Invalid ${name}: must be one of ${list}`);
      return found;
    },
  };
}

/** The first reader that accepts the value; the last one's refusal when none does. */
export function either<A, B>(first: Param<A>, second: Param<B>): Param<A | B> {
  return {
    read(value, name) {
      try {
        return first.read(value, name);
      } catch {
        return second.read(value, name);
      }
    },
  };
}

export function object<S extends Shape>(shape: S): Param<Parsed<S>> {
  return {
    read(value, name) {
      if (value === '') return readShape(shape, emptyForm(), name);
      if (typeof value === 'string') throw invalidParam(name, 'Invalid object', undefined);
      return readShape(shape, value, name);
    },
  };
}

export function array<T>(item: Param<T>): Param<T[]> {
  return {
    read(value, name) {
      if (value === '') return [];
      if (typeof value === 'string') throw invalidParam(name, 'Invalid array');
      return Object.entries(value).map(([key, entry]) => {
        if (!/^\d+$/.test(key)) throw invalidParam(name, 'Invalid array');
        return item.read(entry, `${name}[${key}]`);
      });
    },
  };
}

/** Stripe has it, this stand-in does not: refused in words of its own, so that nobody believes it took effect. */
export const notHere: Param<never> = {
  read(_, name) {
    throw invalidParam(
      name,
      `Stripe knows \`${name}\`; this stand-in does not have it.`,
      'parameter_unknown',
    );
  },
};

/** Accepted in any shape and without effect here: it concerns a part of Stripe that nothing of ours can observe. */
export const ignored: Param<FormValue> = { read: (value) => value };

/** A filter by time: an instant in epoch seconds, or bounds. */
export const timeRange: Param<{
  gt?: number | undefined;
  gte?: number | undefined;
  lt?: number | undefined;
  lte?: number | undefined;
}> = {
  read(value, name) {
    if (typeof value === 'string') {
      const instant = integer().read(value, name);
      return { gte: instant, lte: instant };
    }
    return readShape({ gt: integer(), gte: integer(), lt: integer(), lte: integer() }, value, name);
  },
};
