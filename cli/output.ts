/**
 * What commands print: tables and sentences for people, one JSON document on standard output for scripts (`--json`).
 * Sentences about what is being done go to standard error, so that standard output can be piped.
 */
import Table from 'cli-table3';

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((name) => [name, '']),
);

export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** @param inWords called only for people */
  result(value: object, inWords: () => string): void {
    console.log(harmless(this.json ? JSON.stringify(value, null, 2) : inWords()));
  }

  /** For people, and never in the way of a script. */
  say(sentence: string): void {
    if (!this.json) {
      console.error(harmless(sentence));
    }
  }
}

/**
 * Without what a terminal would obey: names and reasons come from customers, and might write over a line, or over the
 * clipboard. Written as JSON writes control characters, so JSON stays the same value.
 */
export function harmless(text: string): string {
  return text.replaceAll(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for.
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Columns as wide as their widest cell, wide characters counted as two. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    head: [...head],
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  });
  made.push(...rows.map((row) => [...row]));
  return trimmed(made.toString());
}

/** `name  text` lines, the names in one column; entries without a text are left out. */
export function facts(entries: readonly (readonly [string, string | null])[]): string {
  const said = entries.filter((entry): entry is [string, string] => entry[1] !== null);
  const width = Math.max(...said.map(([name]) => name.length));
  return said.map(([name, text]) => `${name.padEnd(width)}  ${text}`).join('\n');
}

function trimmed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
