/**
 * What an Idempotency-Key stands for: a command with all that it says but the reason. Said by the API, kept by the Workflow
 * and by the timeline.
 */

export interface KeyedRequest {
  key: string;
  /** E.g. `extend-dunning chg_… {"days":3}`; see {@link wordsOf}. */
  what: string;
}

export interface Said {
  /** As in the address. */
  command: string;
  chargeId?: string;
  /** What else the command says, defaults filled in. */
  says?: Record<string, string | number | null>;
}

export function wordsOf({ command, chargeId, says }: Said): string {
  return [command, chargeId, says && JSON.stringify(says)].filter(Boolean).join(' ');
}

/** As the timeline keeps it, in the entry of what was done: a repeat is answered from there, however much later. */
export function keyDetails({ request }: { request?: KeyedRequest }): Record<string, string> {
  return request === undefined ? {} : { request_key: request.key, request: request.what };
}

/** What the entry of a keyed command tells of it. */
export interface KeyedDetails {
  request?: string;
  /** Of a move, in entries of before. ISO 8601. */
  moved_to?: string | null;
  amount_minor?: number | null;
  effective?: string;
}

/** The request behind an entry of the timeline; those of the schedule once said it in fields of their own. */
export function requestOfEntry(what: string, details: KeyedDetails): string {
  const { request, moved_to: dueAt = null, amount_minor = null, effective = null } = details;
  if (request !== undefined) {
    return request;
  }
  switch (what) {
    case 'schedule.skipped':
      return wordsOf({ command: 'skip-next' });
    case 'schedule.charged_early':
      return wordsOf({ command: 'charge-now' });
    case 'schedule.moved':
      return wordsOf({ command: 'move-next', says: { due_at: dueAt } });
    case 'schedule.amount_changed':
      return wordsOf({ command: 'amount', says: { amount_minor, effective } });
    default:
      return what;
  }
}

/** @param used what for; @param other what a new one is needed for */
export function keyWasUsed(used: string, other = 'another command'): string {
  return `this Idempotency-Key was used for ${used}; send a new key for ${other}`;
}
