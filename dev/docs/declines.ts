/** Draws docs/declines.md from the tables in domain/, so that the document cannot say anything else. */
import { CARD_BUDGETS, MOST_RETRIES_PER_CHARGE } from '../../domain/card-budgets.ts';
import { MOST_TRIES_BY_HAND_PER_DAY } from '../../domain/customer-tries.ts';
import {
  ADVICE_CODES,
  DECLINE_CLASS_MEANING,
  DECLINE_CLASSES,
  DECLINE_CODES,
  MASTERCARD_NEVER_AGAIN,
  SECRET_CODES,
  VISA_NEVER_AGAIN,
} from '../../domain/decline-codes.ts';
import { LEAST_PATIENCE_DAYS } from '../../domain/dunning.ts';
import { DAYTIME } from '../../domain/retry-time.ts';
import { DEFAULT_DUNNING } from '../../domain/terms.ts';
import { code, table } from './markdown.ts';

export function drawDeclines(): string {
  const delays = DEFAULT_DUNNING.retryAfterDays.join(', ');
  return `${[
    '# Declines and dunning',
    'Drawn by `npm run docs:draw` from the tables in `domain/` that the service itself runs on; a test compares.',
    '## From a decline to a decision',
    `Stripe's \`advice_code\` is trusted first, then \`decline_code\`, then \`code\`. Advice does not lift what only ` +
      "the customer can do, nor an order to stop, nor the look for an earlier payment. Without advice a network's " +
      'ban on further tries counts before the codes. A code that is not in the table is `soft`.',
    table(
      ['class', 'what follows'],
      DECLINE_CLASSES.map((name) => [code(name), DECLINE_CLASS_MEANING[name]]),
    ),
    `By default a soft decline is retried ${delays} days after the one before; the terms can say otherwise, up to ` +
      `${MOST_RETRIES_PER_CHARGE} retries. A retry is planned between ${DAYTIME.fromHour}:00 and ` +
      `${DAYTIME.untilHour}:00 local time, also one that an open dispute has held back; one that is late since no ` +
      'Worker ran is made as soon as one does. A charge that only the customer can move waits as long as the retries would have taken, ' +
      `${LEAST_PATIENCE_DAYS} days at least and the days by which somebody extends it besides, and is then given ` +
      `up; not while a dispute is open, and once none is it has ${LEAST_PATIENCE_DAYS} days again at least, and ` +
      'its customer is asked again. Customers may try by hand ' +
      `${MOST_TRIES_BY_HAND_PER_DAY} times a day, which uses up no automatic retry.`,
    '## Limits of a card',
    'For one amount. What the bank approved does not count.',
    table(
      ['', 'attempts in 24 hours', 'attempts in 30 days', 'automatic retries of a charge'],
      Object.entries(CARD_BUDGETS).map(([name, budget]) => [
        code(name),
        String(budget.per24h ?? '–'),
        String(budget.per30d ?? '–'),
        String(budget.retriesPerCharge),
      ]),
    ),
    '## Codes',
    table(
      ['`advice_code`', 'class'],
      Object.entries(ADVICE_CODES).map(([advice, name]) => [code(advice), code(name)]),
    ),
    `Visa forbids further tries after ${Object.keys(VISA_NEVER_AGAIN).map(code).join(', ')} ` +
      `(\`network_decline_code\`), Mastercard after ${MASTERCARD_NEVER_AGAIN.map(code).join(', ')} ` +
      '(`network_advice_code`).',
    table(
      ['`decline_code` or `code`', 'class', 'what the customer is told'],
      Object.entries(DECLINE_CODES).map(([name, row]) => [
        code(name),
        code(row.class),
        SECRET_CODES.includes(name)
          ? `${code(row.customerReason)}, whatever the advice`
          : code(row.customerReason),
      ]),
    ),
  ].join('\n\n')}\n`;
}
