/**
 * What a decline means. Called by Activities and Workflows; pure, and it never decides what is done about it
 * (dunning.ts does) nor when (retry-time.ts).
 */
import {
  ADVICE_CODES,
  DECLINE_CODES,
  type DeclineClass,
  MASTERCARD_NEVER_AGAIN,
  SECRET_CODES,
  VISA_NEVER_AGAIN,
} from './decline-codes.ts';
import type { CustomerReason } from './notifications.ts';

/** What Stripe said of a declined payment, in its words (`last_payment_error`, or the 402's body). */
export interface DeclineFacts {
  code: string | null;
  declineCode: string | null;
  adviceCode: string | null;
  networkDeclineCode: string | null;
  networkAdviceCode?: string | null;
  /** `card`, `us_bank_account`, … */
  paymentMethodType: string | null;
  /** The card's network, `visa`, `mastercard`, … */
  network: string | null;
}

export interface ClassifiedDecline {
  class: DeclineClass;
  /** What the customer may be told. */
  customerReason: CustomerReason;
  /** Which rule decided, for operators. */
  rule: string;
}

/**
 * Classifies a decline by Stripe's order of trust: `advice_code`, then `decline_code`, then `code`. Advice says
 * whether this card may be tried again; it lifts neither what only the customer can do, nor the customer's
 * order to stop, nor the look for an earlier payment. Without advice a network's ban on further tries counts
 * before the code. What nobody knows is soft: a few tries days apart do no harm, a lost customer does.
 * @param looked an earlier payment was looked for and there is none, so `check_first` is no answer any more
 */
export function classifyDecline(facts: DeclineFacts, looked = false): ClassifiedDecline {
  const named = namedReason(facts);
  const customerReason = named?.row.customerReason ?? 'declined';
  const codeClass = named?.row.class === 'check_first' && looked ? 'soft' : named?.row.class;

  const advised = lookUp(ADVICE_CODES, facts.adviceCode);
  if (advised && !(codeClass && NOT_LIFTED_BY[advised].includes(codeClass))) {
    const told = advised === 'card_data' && !isSecret(facts) ? cardReason(customerReason) : customerReason;
    return { class: advised, customerReason: told, rule: `advice_code ${facts.adviceCode}: ${advised}` };
  }
  const ban = networkBan(facts);
  if (ban && !(codeClass && NOT_LIFTED_BY.hard.includes(codeClass))) {
    return { class: ban.class, customerReason, rule: ban.rule };
  }
  if (named && codeClass) {
    return { class: codeClass, customerReason, rule: `${named.field} ${named.value}: ${codeClass}` };
  }
  return { class: 'soft', customerReason, rule: unknownRule(facts) };
}

const NOT_LIFTED_BY: Readonly<Record<'soft' | 'card_data' | 'hard', readonly DeclineClass[]>> = {
  soft: ['needs_customer', 'revoked', 'check_first'],
  card_data: ['needs_customer', 'revoked', 'check_first'],
  hard: ['revoked', 'check_first'],
};

/** The most trusted field whose value the table knows. */
function namedReason(facts: DeclineFacts) {
  const byDeclineCode = lookUp(DECLINE_CODES, facts.declineCode);
  if (byDeclineCode) {
    return { field: 'decline_code', value: facts.declineCode, row: byDeclineCode };
  }
  const byCode = lookUp(DECLINE_CODES, facts.code);
  return byCode ? { field: 'code', value: facts.code, row: byCode } : null;
}

function networkBan(facts: DeclineFacts): { class: DeclineClass; rule: string } | null {
  if (facts.network === 'visa') {
    const ban = lookUp(VISA_NEVER_AGAIN, facts.networkDeclineCode);
    const rule = `network_decline_code ${facts.networkDeclineCode}: Visa forbids further tries`;
    return ban ? { class: ban, rule } : null;
  }
  const advice = facts.networkAdviceCode ?? null;
  if (facts.network === 'mastercard' && advice !== null && MASTERCARD_NEVER_AGAIN.includes(advice)) {
    return { class: 'hard', rule: `network_advice_code ${advice}: Mastercard forbids further tries` };
  }
  return null;
}

/** Own entries only: a code comes from outside and may be spelled like a property of every object. */
function lookUp<Row>(table: Readonly<Record<string, Row>>, key: string | null): Row | undefined {
  return key !== null && Object.hasOwn(table, key) ? table[key] : undefined;
}

function isSecret(facts: DeclineFacts): boolean {
  return [facts.declineCode, facts.code].some((code) => code !== null && SECRET_CODES.includes(code));
}

function cardReason(reason: CustomerReason): CustomerReason {
  return reason === 'expired_card' ? 'expired_card' : 'card_data';
}

function unknownRule({ declineCode, code }: DeclineFacts): string {
  if (declineCode !== null) {
    return `decline_code ${declineCode} is unknown: treated as soft`;
  }
  return code === null || code === 'card_declined'
    ? 'the bank gave no reason: treated as soft'
    : `code ${code} is unknown: treated as soft`;
}
