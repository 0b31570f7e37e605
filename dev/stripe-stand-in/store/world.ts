// All state of one mode (test or live) of the one account. The two modes are two worlds: nothing passes between them.

import type Stripe from 'stripe';
import type { Clock } from '../clock.ts';
import { type EventLog, openEventLog } from '../events/log.ts';
import { type KeyIndex, openKeyIndex } from '../http/idempotency.ts';
import type { Settings } from '../settings.ts';
import { type Collection, openCollection } from './collection.ts';
import type { Database } from './database.ts';
import type {
  Challenge,
  Instrument,
  IntentNotes,
  NextCharge,
  ReceivedEndpoint,
  SessionNotes,
} from './records.ts';
import { openTimers, type Timers } from './timers.ts';

export type Mode = 'test' | 'live';

export interface World {
  readonly mode: Mode;
  readonly livemode: boolean;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly db: Database;
  readonly events: EventLog;
  readonly timers: Timers;
  readonly keys: KeyIndex;
  readonly customers: Collection<Stripe.Customer>;
  readonly deletedCustomers: Collection<Stripe.DeletedCustomer>;
  readonly paymentMethods: Collection<Stripe.PaymentMethod>;
  readonly setupIntents: Collection<Stripe.SetupIntent>;
  readonly setupAttempts: Collection<Stripe.SetupAttempt>;
  readonly paymentIntents: Collection<Stripe.PaymentIntent>;
  readonly charges: Collection<Stripe.Charge>;
  readonly refunds: Collection<Stripe.Refund>;
  readonly disputes: Collection<Stripe.Dispute>;
  readonly mandates: Collection<Stripe.Mandate>;
  readonly balanceTransactions: Collection<Stripe.BalanceTransaction>;
  readonly earlyFraudWarnings: Collection<Stripe.Radar.EarlyFraudWarning>;
  readonly sessions: Collection<Stripe.Checkout.Session>;
  readonly endpoints: Collection<ReceivedEndpoint>;
  /** What Stripe knows of an object and never shows: see store/records.ts. */
  readonly instruments: Collection<Instrument>;
  readonly intentNotes: Collection<IntentNotes>;
  readonly sessionNotes: Collection<SessionNotes>;
  readonly challenges: Collection<Challenge>;
  readonly nextCharges: Collection<NextCharge>;
}

export function openWorld(db: Database, mode: Mode, clock: Clock, settings: Settings): World {
  const open = <T extends { id: string }>(kind: string) => openCollection<T>(db, `${mode}:${kind}`);
  const endpoints = open<ReceivedEndpoint>('webhook_endpoint');
  return {
    mode,
    livemode: mode === 'live',
    clock,
    settings,
    db,
    events: openEventLog(db, mode, clock, endpoints),
    timers: openTimers(db, `${mode}:timer`, clock),
    keys: openKeyIndex(db, mode),
    customers: open('customer'),
    deletedCustomers: open('deleted_customer'),
    paymentMethods: open('payment_method'),
    setupIntents: open('setup_intent'),
    setupAttempts: open('setup_attempt'),
    paymentIntents: open('payment_intent'),
    charges: open('charge'),
    refunds: open('refund'),
    disputes: open('dispute'),
    mandates: open('mandate'),
    balanceTransactions: open('balance_transaction'),
    earlyFraudWarnings: open('early_fraud_warning'),
    sessions: open('checkout_session'),
    endpoints,
    instruments: open('instrument'),
    intentNotes: open('intent_notes'),
    sessionNotes: open('session_notes'),
    challenges: open('challenge'),
    nextCharges: open('next_charge'),
  };
}
