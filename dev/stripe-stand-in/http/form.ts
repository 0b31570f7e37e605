// Decodes Stripe's bracketed form encoding (`metadata[a]=b`, `expand[0]=x`, `expand[]=x`).
// Called for every body and query string; it only builds trees of strings and judges nothing.

export type FormValue = string | Form;
/** Null-prototype, so a parameter named `__proto__` is only a name. Arrays come as objects with integer keys. */
export interface Form {
  [name: string]: FormValue;
}

export function emptyForm(): Form {
  return Object.create(null);
}

/** @param text the raw body or query, without a leading `?`. A later value replaces an earlier one of the same name. */
export function decodeForm(text: string): Form {
  const form = emptyForm();
  if (text === '') return form;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    assign(form, name, at < 0 ? '' : decode(pair.slice(at + 1)));
  }
  return form;
}

function assign(form: Form, name: string, value: string): void {
  const open = name.indexOf('[');
  if (open <= 0) {
    form[name] = value;
    return;
  }
  let node = form;
  let key = name.slice(0, open);
  for (const part of name.slice(open + 1, -1).split('][')) {
    const below = node[key];
    const next = typeof below === 'object' ? below : emptyForm();
    node[key] = next;
    node = next;
    key = part === '' ? String(Object.keys(node).length) : part;
  }
  node[key] = value;
}

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text; // A stray percent sign is taken as it stands.
  }
}
