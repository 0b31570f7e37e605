// verify_microdeposits of SetupIntents and PaymentIntents.

import type Stripe from 'stripe';
import { invalidParam } from '../errors.ts';
import { array, integer, string } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import type { Verification } from '../payments/microdeposits.ts';
import { verifyIntent } from '../payments/verify.ts';
import type { Turn } from '../turn.ts';
import { requirePaymentIntent } from './payment-intent-changes.ts';
import { requireSetupIntent } from './setup-intents.ts';

const shape = { amounts: array(integer()), client_secret: string(), descriptor_code: string() };

function given(params: {
  amounts?: number[] | undefined;
  descriptor_code?: string | undefined;
}): Verification {
  if (params.amounts !== undefined) return { amounts: params.amounts };
  if (params.descriptor_code !== undefined) return { code: params.descriptor_code };
  throw invalidParam('amounts', 'Missing required param: amounts or descriptor_code.', 'parameter_missing');
}

function verified<T extends Stripe.PaymentIntent | Stripe.SetupIntent>(
  turn: Turn,
  intent: T,
  answer: Verification,
): T {
  verifyIntent(turn, intent, answer);
  return intent;
}

export const microdepositRoutes: Route[] = [
  route('POST', '/v1/setup_intents/:id/verify_microdeposits', shape, (turn, params, id) =>
    verified(turn, requireSetupIntent(turn.world, id), given(params)),
  ),
  route('POST', '/v1/payment_intents/:id/verify_microdeposits', shape, (turn, params, id) =>
    verified(turn, requirePaymentIntent(turn.world, id), given(params)),
  ),
];
