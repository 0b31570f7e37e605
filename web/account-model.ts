/**
 * From rows to what the account page shows. Called by web/account.ts; pure, so that every state can be tested
 * without a database. Amounts and instants stay data here: the template formats them.
 */
import type {
  CustomerCharge,
  CustomerEnrollment,
  CustomerNotice,
  CustomerSession,
} from '../db/customer-view.ts';
import { isNotificationKind } from '../db/notifications.ts';
import { formatDay, type Locale } from '../domain/format.ts';
import { ENDED } from '../domain/statuses.ts';
import { type NoticeWords, noticeWords } from '../templates/notice.ts';
import type { Say } from '../templates/renderer.ts';
import { type BannerModel, bannerModel } from './banner-words.ts';
import { type ChargePhase, chargePhase, chargeWords, type Tone } from './charge-words.ts';
import { type MethodModel, methodModel } from './method-words.ts';
import { type ProblemModel, problemModel } from './problem-words.ts';
import { agreementLines, timeZoneOf } from './schedule-words.ts';

export interface AccountFacts {
  enrollment: CustomerEnrollment;
  charges: readonly CustomerCharge[];
  notices: readonly CustomerNotice[];
  /** The Checkout Session that the customer has just come back from. */
  session: CustomerSession | null;
  /** The customer's cancellation was taken and waits for a payment that is on its way. */
  canceling: boolean;
  nowMs: number;
}

export interface AccountModel {
  heading: string;
  status: { label: string; text: string; tone: Tone };
  timeZone: string;
  banner: BannerModel | null;
  problems: ProblemModel[];
  next: { amountMinor: number; currency: string; at: string; isNow: boolean } | null;
  /** Shown when there is no next payment; null hides the section. */
  noNext: string | null;
  agreement: string[];
  method: MethodModel | null;
  /** Label of the button that leads to Checkout, null when there is nothing to choose any more. */
  methodAction: { label: string; isMain: boolean } | null;
  charges: ChargeModel[];
  notices: { id: string; at: string; words: NoticeWords }[];
  canCancel: boolean;
  /** Something is under way that ends within seconds: a page without script reloads itself. */
  isWaiting: boolean;
}

interface ChargeModel {
  id: string;
  label: string;
  amountMinor: number;
  currency: string;
  at: string;
  text: string;
  tone: Tone;
  hasReceipt: boolean;
}

export function accountModel(facts: AccountFacts, locale: Locale, say: Say): AccountModel {
  const { enrollment, nowMs } = facts;
  const timeZone = timeZoneOf(enrollment.terms.schedule);
  const phases = facts.charges.map((charge) => ({
    charge,
    phase: chargePhase(charge, enrollment.paymentMethod, nowMs),
  }));
  const isOver = ENDED.some((status) => status === enrollment.status);
  const next = isOver ? null : nextOf(enrollment, nowMs);
  const making = phases.find(({ phase }) => phase === 'making')?.charge;
  const problems = isOver ? [] : phases.flatMap((entry) => problemModel(entry, timeZone, locale, say) ?? []);
  const needsMethod = enrollment.status === 'awaiting_payment_method';
  const charging = making ?? (next?.isNow === true ? next : null);
  const isCut = enrollment.status === 'canceled' || enrollment.status === 'expired';
  const banner = isCut
    ? null
    : bannerModel({ ...facts, charging, hasProblem: problems.length > 0 }, locale, say);

  return {
    heading: enrollment.description ?? say('account.title'),
    status: statusOf(facts, timeZone, locale, say),
    timeZone,
    banner,
    problems,
    next,
    noNext: isOver || needsMethod ? null : noNextOf(enrollment, say),
    agreement: agreementLines(enrollment.terms, locale, say),
    method: enrollment.paymentMethod === null ? null : methodModel(enrollment.paymentMethod, nowMs, say),
    methodAction: isOver
      ? null
      : { label: say(needsMethod ? 'method.save' : 'method.change'), isMain: needsMethod },
    charges: phases.map((entry) => chargeModel(entry, locale, say)),
    notices: facts.notices.flatMap(({ id, kind, data, createdAt }) =>
      // A row of a newer version, during a roll-out, has no words here yet.
      isNotificationKind(kind)
        ? [{ id, at: createdAt.toISOString(), words: noticeWords({ kind, data }, locale, say) }]
        : [],
    ),
    canCancel: !isOver && !facts.canceling,
    isWaiting:
      making !== undefined || next?.isNow === true || facts.session?.status === 'open' || facts.canceling,
  };
}

function statusOf(facts: AccountFacts, timeZone: string, locale: Locale, say: Say): AccountModel['status'] {
  const { enrollment } = facts;
  const { status } = enrollment;
  const day = (instant: Date | null) =>
    instant === null ? '' : formatDay(instant.toISOString(), locale, timeZone);
  const key =
    status === 'paused' && enrollment.pausedUntil !== null
      ? 'enrollment.paused_until.text'
      : `enrollment.${status}.text`;
  const date = {
    awaiting_payment_method: enrollment.setupDeadlineAt,
    paused: enrollment.pausedUntil,
    canceled: enrollment.endedAt,
    active: null,
    past_due: null,
    completed: null,
    expired: null,
  }[status];
  return {
    label: say(`enrollment.${status}`),
    text: say(key, { date: day(date) }),
    tone: STATUS_TONE[status],
  };
}

const STATUS_TONE: Readonly<Record<CustomerEnrollment['status'], Tone>> = {
  awaiting_payment_method: 'wait',
  active: 'good',
  past_due: 'bad',
  paused: 'quiet',
  completed: 'good',
  canceled: 'quiet',
  expired: 'quiet',
};

function nextOf(enrollment: CustomerEnrollment, nowMs: number): AccountModel['next'] {
  const { nextChargeAt, nextChargeAmountMinor, currency } = enrollment;
  if (nextChargeAt === null || nextChargeAmountMinor === null) {
    return null;
  }
  return {
    amountMinor: nextChargeAmountMinor,
    currency,
    at: nextChargeAt.toISOString(),
    isNow: enrollment.status !== 'paused' && nextChargeAt.getTime() <= nowMs,
  };
}

function noNextOf(enrollment: CustomerEnrollment, say: Say): string {
  return enrollment.terms.schedule.type === 'on_demand' ? say('next.on_demand') : say('next.none');
}

function chargeModel(
  { charge, phase }: { charge: CustomerCharge; phase: ChargePhase },
  locale: Locale,
  say: Say,
): ChargeModel {
  return {
    id: charge.id,
    label: charge.description ?? say('charges.number', { number: charge.number }),
    amountMinor: charge.amountMinor,
    currency: charge.currency,
    at: charge.dueAt.toISOString(),
    hasReceipt: charge.capturedMinor > 0,
    ...chargeWords(charge, phase, locale, say),
  };
}
