/** Values as people type and read them on the command line. */
import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `2026-12-01 09:00 UTC`, as everywhere for operators. */
export function instantText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** `90m`, `12h`, `7d`, `2w` in milliseconds. @throws InvalidArgumentError */
export function readDuration(text: string): number {
  const [, count, unit] = /^(\d{1,4})([mhdw])$/.exec(text) ?? [];
  const unitMs = UNITS[unit ?? ''];
  if (count === undefined || unitMs === undefined) {
    throw new InvalidArgumentError('expected a number with m, h, d or w behind it, e.g. 7d.');
  }
  return Number(count) * unitMs;
}

/** @throws InvalidArgumentError */
export function readWhole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError('expected a whole number from 1.');
  }
  return number;
}

/** An instant with its offset, as UTC. @throws InvalidArgumentError */
export function readInstant(text: string): string {
  const at = Date.parse(text);
  const [, day] = /^(\d{4}-\d\d-\d\d)T.*(?:Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  if (day === undefined || Number.isNaN(at) || !isInCalendar(day)) {
    throw new InvalidArgumentError('expected an instant with its offset, e.g. 2027-01-31T09:00:00+09:00.');
  }
  return new Date(at).toISOString();
}

/** 30 February would be read as 2 March. */
function isInCalendar(day: string): boolean {
  const atMs = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(day);
}

/** A time from `nowMs` on, or an instant, as ISO 8601 in UTC. @throws InvalidArgumentError */
export function readExpiry(text: string, nowMs: number): string {
  if (/^\d+[a-z]$/.test(text)) {
    return new Date(nowMs + readDuration(text)).toISOString();
  }
  try {
    return readInstant(text);
  } catch {
    throw new InvalidArgumentError(
      'expected a time from now, e.g. 90d, or an instant with its offset, e.g. 2027-01-31T09:00:00+09:00.',
    );
  }
}

/** @throws InvalidArgumentError */
export function readNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number <= 0) {
    throw new InvalidArgumentError('expected a number above 0.');
  }
  return number;
}

/** @throws InvalidArgumentError */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((known) => known === text);
    if (word === undefined) {
      throw new InvalidArgumentError(`expected one of ${words.join(', ')}.`);
    }
    return word;
  };
}
