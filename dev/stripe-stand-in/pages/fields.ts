// Labelled form fields: the fault of a field is tied to it, so that a screen reader reads both.

import type { Faults, FieldName, Typed } from './checkout-input.ts';
import { Html, html } from './html.ts';

export interface FormState {
  typed: Typed;
  faults: Faults;
}

interface Field {
  name: FieldName;
  label: string;
  type?: 'text' | 'email' | 'tel';
  /** The browser's autofill name. */
  complete?: string;
  numeric?: boolean;
  hint?: string;
  /** Secrets are not sent back. */
  forget?: boolean;
}

export const CHECKED = new Html(' checked');
export const INVALID = new Html(' aria-invalid="true"');

export function field(state: FormState, input: Field): Html {
  const { name } = input;
  const fault = state.faults[name];
  const value = input.forget ? '' : state.typed.values[name];
  return html`<div class="field"><label for="${name}">${input.label}</label>
<input id="${name}" name="${name}" type="${input.type ?? 'text'}" value="${value}"${attribute('autocomplete', input.complete)}${attribute('inputmode', input.numeric ? 'numeric' : undefined)}${attribute('placeholder', input.hint)}${describedBy(name, fault)}>
${faultLine(name, fault)}</div>`;
}

export function choiceField(
  state: FormState,
  name: FieldName,
  label: string,
  options: readonly [string, string][],
): Html {
  const fault = state.faults[name];
  const chosen = state.typed.values[name];
  return html`<div class="field"><label for="${name}">${label}</label>
<select id="${name}" name="${name}"${describedBy(name, fault)}><option value=""></option>${options.map(
    ([value, text]) => html`<option value="${value}"${value === chosen ? SELECTED : null}>${text}</option>`,
  )}</select>
${faultLine(name, fault)}</div>`;
}

const SELECTED = new Html(' selected');

function attribute(name: string, value: string | undefined): Html | null {
  return value === undefined ? null : html` ${new Html(name)}="${value}"`;
}

function describedBy(name: string, fault: string | undefined): Html | null {
  return fault === undefined ? null : html` aria-invalid="true" aria-describedby="${name}-fault"`;
}

export function faultLine(name: string, fault: string | undefined): Html | null {
  return fault === undefined ? null : html`<p class="fault" id="${name}-fault">${fault}</p>`;
}
