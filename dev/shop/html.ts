/** HTML by tagged template: what is put in is escaped, unless it is HTML made here. */

export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Value = Html | string | number | null | readonly Html[];

/** Null leaves nothing behind; a list of HTML is joined. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const text = parts.reduce((before, part, index) => before + shown(values[index - 1] ?? null) + part);
  return new Html(text);
}

function shown(value: Value): string {
  if (value === null) {
    return '';
  }
  if (value instanceof Html) {
    return value.text;
  }
  if (Array.isArray(value)) {
    return value.map((item: Html) => item.text).join('');
  }
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
