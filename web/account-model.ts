/**
 * From rows to what the account page shows. Called by web/account.ts; pure, so that every state can be tested
 * without a database. Amounts and instants stay data here: the template formats them.
 */
import type { CustomerCharge, CustomerRefund } from '../db/customer-charges.ts';
import type { CustomerNotice } from '../db/customer-notices.ts';
import type { CustomerEnrollment, CustomerSession } from '../db/customer-view.ts';
import { isNotificationKind } from '../db/notifications.ts';
import { formatMoney, type Locale } from '../domain/format.ts';
import { sumMinor } from '../domain/money.ts';
import { withoutEndedPlan } from '../domain/notifications.ts';
import { withPlaceInSpread } from '../domain/spread.ts';
import { type NoticeWords, noticeWords } from '../templates/notice.ts';
import type { Say } from '../templates/renderer.ts';
import { type BannerModel, bannerModel, isBeingProven } from './banner-words.ts';
import { type ChargePhase, chargePhase, chargeWords, type Tone } from './charge-words.ts';
import { type MethodModel, methodModel } from './method-words.ts';
import { type NextModel, nextModel } from './next-words.ts';
import { type NudgeModel, nudgeModel } from './nudge-words.ts';
import { afterGivingUp, type ProblemModel, problemModel } from './problem-words.ts';
import { type RefundModel, refundModel } from './refund-words.ts';
import { isDisputed } from './remedies.ts';
import { agreementLines, timeZoneOf } from './schedule-words.ts';
import { isOver as hasEnded, type StatusModel, statusModel } from './status-words.ts';
import { isUnderWay, type TryMade } from './try-words.ts';

export interface AccountFacts {
  enrollment: CustomerEnrollment;
  charges: readonly CustomerCharge[];
  refunds: readonly CustomerRefund[];
  notices: readonly CustomerNotice[];
  /** The Checkout Session that the customer has just come back from. */
  session: CustomerSession | null;
  /** The try that the customer has just asked for, or comes back from. */
  tried: TryMade | null;
  nowMs: number;
}

export interface AccountModel {
  heading: string;
  /** Of the document: what needs the customer comes first. */
  title: string;
  status: StatusModel;
  timeZone: string;
  banner: BannerModel | null;
  problems: ProblemModel[];
  /** The saved payment method is gone, or its card will not last until the next payment. */
  nudge: NudgeModel | null;
  next: NextModel | null;
  /** Shown when there is no next payment; null hides the section. */
  noNext: string | null;
  agreement: string[];
  method: MethodModel | null;
  /** Label of the button that leads to Checkout, null when there is nothing to choose any more. */
  methodAction: { label: string; isMain: boolean } | null;
  charges: ChargeModel[];
  refunds: RefundModel[];
  notices: { id: string; at: string; words: NoticeWords; isRead: boolean }[];
  canCancel: boolean;
  /** A cancel at the end of the period can be taken back. */
  canUndoCancel: boolean;
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
  const { enrollment, charges, nowMs, tried } = facts;
  const timeZone = timeZoneOf(enrollment.terms.schedule);
  const context = { timeZone, nowMs, isDisputed: isDisputed(charges), method: enrollment.paymentMethod };
  const phases = charges.map((charge) => ({
    charge,
    phase:
      tried?.charge.id === charge.id && isUnderWay(tried)
        ? ('making' as const)
        : chargePhase(charge, context),
  }));
  const isOver = hasEnded(enrollment);
  const isStopped = isOver || enrollment.isCanceling;
  const { next, noNext } = nextModel(enrollment, context, locale, say);
  const making = phases.find(({ phase }) => phase === 'making')?.charge;
  const asked = { ...context, afterGivingUp: afterGivingUp(enrollment) };
  const problems = isStopped ? [] : phases.flatMap((entry) => problemModel(entry, asked, locale, say) ?? []);
  const isAsked = problems.some(({ actions }) => actions.length > 0);
  const needsMethod = enrollment.status === 'awaiting_payment_method';
  const isProving = facts.session !== null && isBeingProven(facts.session);
  const charging = making ?? (next?.isNow === true ? next : null);
  const heading = enrollment.description ?? say('account.title');
  const method = methodOf(enrollment, next, nowMs, say);
  const nudge = isStopped || isAsked ? null : nudgeModel(enrollment, method, next, say);
  const isCut = enrollment.status === 'canceled' || enrollment.status === 'expired';
  const banner = isCut
    ? null
    : bannerModel({ ...facts, charging, hasProblem: isAsked, isNudged: nudge !== null }, locale, say);
  const refunds = facts.refunds.map((refund) => refundModel(refund, say));
  const about = {
    ...context,
    charges,
    unpaid: unpaid(phases, enrollment.currency, locale),
    // A refund that did not arrive, or asks where to, is for the customer to see to.
    isNudged: nudge !== null || refunds.some(({ tone }) => tone === 'bad'),
    isProving,
  };

  return {
    heading,
    title: problems[0] === undefined ? heading : `${problems[0].title} · ${heading}`,
    status: statusModel(enrollment, about, locale, say),
    timeZone,
    banner,
    problems,
    nudge,
    next,
    noNext,
    agreement: agreementLines(
      withPlaceInSpread(enrollment.terms, enrollment.id),
      locale,
      say,
      enrollment.amountChange,
    ),
    method,
    methodAction: isStopped
      ? null
      : { label: say(needsMethod ? 'method.save' : 'method.change'), isMain: needsMethod && !isProving },
    charges: phases.map((entry) => chargeModel(entry, locale, say)),
    refunds,
    notices: facts.notices.flatMap(({ id, kind, data, createdAt, isRead }) =>
      // A row of a newer version, during a roll-out, has no words here yet.
      isNotificationKind(kind)
        ? [
            {
              id,
              at: createdAt.toISOString(),
              words: noticeWords(
                { kind, data: withoutEndedPlan(data, enrollment), hasUnpaid: about.unpaid.count > 0 },
                locale,
                say,
              ),
              isRead,
            },
          ]
        : [],
    ),
    canCancel: !isStopped,
    canUndoCancel: !isStopped && enrollment.cancelAt !== null && enrollment.cancelAt.getTime() > nowMs,
    isWaiting:
      making !== undefined ||
      next?.isNow === true ||
      (facts.session?.status === 'open' && !isProving) ||
      (enrollment.isCanceling && !isOver),
  };
}

function methodOf(
  { paymentMethod }: CustomerEnrollment,
  next: NextModel | null,
  nowMs: number,
  say: Say,
): MethodModel | null {
  return paymentMethod === null
    ? null
    : methodModel(paymentMethod, { nowMs, neededAtMs: next === null ? null : Date.parse(next.at) }, say);
}

function unpaid(
  phases: readonly { charge: CustomerCharge; phase: ChargePhase }[],
  currency: string,
  locale: Locale,
): { count: number; amount: string } {
  const amounts = phases.filter(({ phase }) => phase === 'customer').map(({ charge }) => charge.amountMinor);
  return { count: amounts.length, amount: formatMoney(sumMinor(amounts), currency, locale) };
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
