// Every contract case.

import type { Contract } from '../context.ts';
import { afterPaymentCases } from './after-payment.ts';
import { apiCases } from './api.ts';
import { cardCases } from './cards.ts';
import { checkoutCases } from './checkout.ts';
import { debitCases } from './debits.ts';
import { idempotencyCases } from './idempotency.ts';
import { paymentIntentStateCases } from './payment-intent-states.ts';
import { paymentIntentCases } from './payment-intents.ts';
import { setupIntentCases } from './setup-intents.ts';
import { webhookCases } from './webhooks.ts';

export const CONTRACTS: readonly Contract[] = [
  ...apiCases,
  ...checkoutCases,
  ...setupIntentCases,
  ...paymentIntentStateCases,
  ...paymentIntentCases,
  ...afterPaymentCases,
  ...cardCases,
  ...debitCases,
  ...idempotencyCases,
  ...webhookCases,
];
