/**
 * One declined charge lived through under one policy, by the rules of domain/ that the service runs on: they
 * classify, decide, pick the hour and the message; only the bank and the customer are made up.
 */
import { classifyDecline, type DeclineFacts } from '../../domain/declines.ts';
import { type DunningDecision, decideDunning } from '../../domain/dunning.ts';
import { noticeAfterDecline } from '../../domain/dunning-notices.ts';
import { retryAt } from '../../domain/retry-time.ts';
import type { DunningPolicy } from '../../domain/terms.ts';
import { answer, refusedOnSession } from './bank.ts';
import type { Assumptions, Member } from './population.ts';
import { memberSeed, type Random, random as seeded } from './random.ts';

export interface Fate {
  recoveredAtDays: number | null;
  /** After the first decline. */
  attempts: number;
  messages: number;
  endedAtDays: number;
}

interface State {
  /** Whom and what the bank sees: another card of the same customer has a story of its own. */
  member: Member;
  days: number;
  used: number;
  attempts: number;
  messages: number;
  /** Days at which this card was tried; forgotten when another card comes. */
  triesOfCard: number[];
  earlier: DunningDecision['kind'] | null;
  sameCard: boolean;
  customerActs: { atDays: number; by: 'authenticate' | 'newCard' } | null;
  toppedUpAtDays: number | null;
}

const DAY_MS = 86_400_000;

export function live(member: Member, policy: DunningPolicy, seed: number, given: Assumptions): Fate {
  const bankLuck = seeded(memberSeed(seed + 1, member.index));
  const customerLuck = seeded(memberSeed(seed + 2, member.index));
  const state: State = {
    member,
    days: 0,
    used: 0,
    attempts: 0,
    messages: 0,
    triesOfCard: [0],
    earlier: null,
    sameCard: true,
    customerActs: null,
    toppedUpAtDays: null,
  };
  const ended = (recovered: boolean): Fate => ({
    recoveredAtDays: recovered ? state.days : null,
    attempts: state.attempts,
    messages: state.messages,
    endedAtDays: state.days,
  });
  let refusal = answer(state.member, state, bankLuck);
  while (refusal !== null) {
    const decision = decide(refusal, state, policy);
    tell(decision, state, customerLuck, given);
    if (decision.kind === 'give_up') {
      return ended(false);
    }
    const nextDays = waitsUntil(decision, state);
    const acts = state.customerActs;
    if (acts !== null && acts.atDays <= nextDays) {
      state.days = acts.atDays;
      refusal = customerTries(acts.by, state, customerLuck, given);
    } else if (decision.kind === 'retry') {
      state.days = nextDays;
      refusal = retry(state, bankLuck);
    } else {
      state.days = nextDays;
      return ended(false);
    }
  }
  return ended(true);
}

function decide(refusal: DeclineFacts, state: State, policy: DunningPolicy): DunningDecision {
  const within = (days: number) => state.triesOfCard.filter((tried) => tried > state.days - days).length;
  return decideDunning({
    // Nobody's earlier payment is lost in a simulation: a look for one finds nothing.
    decline: classifyDecline(refusal, true),
    policy,
    automaticRetriesUsed: state.used,
    daysSinceFirstDecline: state.days,
    paymentMethodType: refusal.paymentMethodType,
    network: refusal.network,
    attemptsOnThisCard24h: within(1),
    attemptsOnThisCard30d: within(30),
    otherMethodAllowed: false,
  });
}

/** The message, and what it makes the customer do. */
function tell(decision: DunningDecision, state: State, luck: Random, given: Assumptions): void {
  const notice = noticeAfterDecline(decision, { decision: state.earlier, sameCard: state.sameCard });
  state.earlier = decision.kind;
  if (notice === null) {
    return;
  }
  state.messages += 1;
  const { reaction } = given;
  const draw = luck.next();
  const atDays = state.days + luck.exponential(reaction.meanDays);
  if (decision.kind === 'authenticate' && draw < reaction.authenticate) {
    state.customerActs = { atDays, by: 'authenticate' };
  } else if (draw < reaction.newCard) {
    state.customerActs = { atDays, by: 'newCard' };
  } else if (state.member.cause === 'short_of_money' && draw < reaction.newCard + reaction.topUp) {
    state.toppedUpAtDays ??= atDays;
  }
}

function waitsUntil(decision: DunningDecision, state: State): number {
  const firstMs = Date.parse(state.member.declinedAt);
  switch (decision.kind) {
    case 'retry': {
      const declinedAt = new Date(firstMs + state.days * DAY_MS).toISOString();
      return (Date.parse(retryAt(declinedAt, decision.afterDays, state.member.timeZone)) - firstMs) / DAY_MS;
    }
    case 'ask_customer':
    case 'authenticate':
      return state.days + decision.giveUpAfterDays;
    default:
      return state.days;
  }
}

function customerTries(
  by: 'authenticate' | 'newCard',
  state: State,
  luck: Random,
  given: Assumptions,
): DeclineFacts | null {
  state.attempts += 1;
  state.customerActs = null;
  state.sameCard = by === 'authenticate';
  if (state.sameCard) {
    state.triesOfCard.push(state.days);
  } else {
    state.member = { ...state.member, cause: 'refused_today' };
    state.triesOfCard = [state.days];
  }
  return luck.chance(given.worksAfterwards[by]) ? null : refusedOnSession(state.member);
}

function retry(state: State, luck: Random): DeclineFacts | null {
  state.attempts += 1;
  state.used += 1;
  state.sameCard = true;
  state.triesOfCard.push(state.days);
  return answer(state.member, state, luck);
}
