// Checks the strings of a decoded form against a request schema of the description.

import type { Form, FormValue } from '../stripe-stand-in/http/form.ts';
import type { Schema } from './openapi.ts';

/** @returns what is wrong, one sentence each; empty when the form fits */
export function checkForm(schema: Schema, value: FormValue, name = ''): string[] {
  if (schema.anyOf !== undefined) {
    const tries = schema.anyOf.map((option) => checkForm(option, value, name));
    const closest = tries.reduce((best, one) => (one.length < best.length ? one : best), tries[0] ?? []);
    return tries.some((errors) => errors.length === 0) ? [] : closest;
  }
  if (typeof value === 'string') return checkText(schema, value, name);
  if (schema.type === 'array') return checkArray(schema, value, name);
  if (schema.type === 'object') return checkObject(schema, value, name);
  return [`${name} must not have members`];
}

function checkText(schema: Schema, value: string, name: string): string[] {
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return [`${name} must be one of ${schema.enum.join(', ')} (is ${JSON.stringify(value)})`];
  }
  switch (schema.type) {
    case 'integer':
      return /^-?\d+$/.test(value) ? [] : [`${name} must be an integer (is ${JSON.stringify(value)})`];
    case 'number':
      return value !== '' && Number.isFinite(Number(value)) ? [] : [`${name} must be a number`];
    case 'boolean':
      return ['true', 'false'].includes(value) ? [] : [`${name} must be true or false`];
    case 'array':
    case 'object':
      return [`${name} must be an ${schema.type}`];
    default:
      return schema.maxLength !== undefined && value.length > schema.maxLength
        ? [`${name} is longer than ${schema.maxLength}`]
        : [];
  }
}

function checkArray(schema: Schema, value: Form, name: string): string[] {
  return Object.entries(value).flatMap(([key, item]) =>
    /^\d+$/.test(key) ? checkForm(schema.items ?? {}, item, `${name}[${key}]`) : [`${name} must be an array`],
  );
}

function checkObject(schema: Schema, value: Form, name: string): string[] {
  const properties = schema.properties ?? {};
  const errors: string[] = [];
  for (const [key, inner] of Object.entries(value)) {
    const full = name === '' ? key : `${name}[${key}]`;
    const member = properties[key];
    if (member !== undefined) errors.push(...checkForm(member, inner, full));
    else if (typeof schema.additionalProperties === 'object') {
      errors.push(...checkForm(schema.additionalProperties, inner, full));
    } else errors.push(`${full} is not a parameter`);
  }
  for (const needed of schema.required ?? []) {
    if (value[needed] === undefined) errors.push(`${name === '' ? needed : `${name}[${needed}]`} is missing`);
  }
  return errors;
}
