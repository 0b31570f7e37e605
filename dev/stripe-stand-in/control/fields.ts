// Reads the members of a control's JSON body.

import { ControlRefusal } from './refusal.ts';

type Body = Record<string, unknown>;

export function textOf(body: Body, name: string, fallback: string | null): string | null {
  const value = body[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'string') throw new ControlRefusal(400, `${name} must be a string`);
  return value;
}

export function numberOf(body: Body, name: string, fallback: number | null): number | null {
  const value = body[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new ControlRefusal(400, `${name} must be a number`);
  return value;
}

export function booleanOf(body: Body, name: string, fallback: boolean): boolean {
  const value = body[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'boolean') throw new ControlRefusal(400, `${name} must be true or false`);
  return value;
}

export function choiceOf<T extends string>(body: Body, name: string, choices: readonly T[], fallback: T): T {
  const value = textOf(body, name, fallback);
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new ControlRefusal(400, `${name} must be one of ${choices.join(', ')}`);
  return found;
}
