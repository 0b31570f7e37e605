/** What `check-books` prints for a person. Pure. */
import type { Checked } from './check.ts';

export function report(
  { differences, counted, collectedMinor }: Checked,
  repairs: readonly string[],
  repairing: boolean,
): string {
  const { enrollments, charges, payments, workflows } = counted;
  const lines = [
    `${count(enrollments, 'enrollment')}, ${count(charges, 'charge')}, ${count(payments, 'PaymentIntent')}, ${count(workflows, 'Workflow')}.`,
    ...Object.entries(collectedMinor).map(
      ([currency, { stripe, rows }]) =>
        `Collected in ${currency.toUpperCase()}, minor units: ${stripe} at Stripe, ${rows} in PostgreSQL.`,
    ),
  ];
  for (const { invariant, code, enrollmentId, subject, found, action, repair } of differences) {
    const of = enrollmentId === null || enrollmentId === subject ? '' : ` of ${enrollmentId}`;
    const mark = repair === undefined ? '' : ' [--repair]';
    lines.push('', `${invariant} ${code}: ${subject}${of}`, `  ${found}`, `  What to do${mark}: ${action}`);
  }
  const repairable = differences.filter(({ repair }) => repair !== undefined).length;
  lines.push('', verdict(differences.length, repairable, repairs.length, repairing));
  return lines.join('\n');
}

function verdict(differences: number, repairable: number, repaired: number, repairing: boolean): string {
  const after = repaired > 0 ? ` after ${count(repaired, 'repair')}` : '';
  if (differences === 0) {
    return `The books agree${after}.`;
  }
  const hint = !repairing && repairable > 0 ? ` ${repairable} can be repaired with --repair.` : '';
  return `The books differ in ${count(differences, 'place')}${after}.${hint}`;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
