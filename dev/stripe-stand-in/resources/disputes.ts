// /v1/disputes: list, retrieve, answer with evidence, close.

import type Stripe from 'stripe';
import { notFound, refused } from '../errors.ts';
import { listOf, pagingByTime, within } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import { boolean, type Param, string } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { closeDispute, escalateInquiry, isOpen, submitEvidence } from '../payments/disputes.ts';
import type { World } from '../store/world.ts';

function requireDispute(world: World, id: string): Stripe.Dispute {
  const dispute = world.disputes.get(id);
  if (dispute === undefined) throw notFound('dispute', id, 'dispute');
  return dispute;
}

/** Evidence as texts; which names exist is what the object has. */
const evidence: Param<Record<string, string>> = {
  read(value, name) {
    if (typeof value === 'string') throw refused('Invalid object', { param: name });
    const out: Record<string, string> = {};
    for (const [key, text] of Object.entries(value)) if (typeof text === 'string') out[key] = text;
    return out;
  },
};

/** Texts that decide a test dispute at once. */
const MAGIC = ['winning_evidence', 'losing_evidence', 'escalate_inquiry_evidence'];

export const disputeRoutes: Route[] = [
  route(
    'GET',
    '/v1/disputes',
    { ...pagingByTime, charge: string(), payment_intent: string() },
    (turn, params) =>
      listOf(
        turn.world.disputes,
        params,
        '/v1/disputes',
        'dispute',
        (dispute) =>
          (params.charge === undefined || dispute.charge === params.charge) &&
          (params.payment_intent === undefined || dispute.payment_intent === params.payment_intent) &&
          within(dispute.created, params.created),
      ),
  ),

  route('GET', '/v1/disputes/:id', {}, (turn, _, id) => requireDispute(turn.world, id)),

  route('POST', '/v1/disputes/:id', { evidence, metadata, submit: boolean }, (turn, params, id) => {
    const dispute = requireDispute(turn.world, id);
    if (params.metadata !== undefined) {
      turn.world.disputes.update(dispute, { metadata: changeMetadata(dispute.metadata, params.metadata) });
    }
    if (params.evidence === undefined) return dispute;
    if (!isOpen(dispute)) {
      throw refused(`This dispute cannot take evidence because it has a status of ${dispute.status}.`, {
        param: 'evidence',
      });
    }
    const unknown = Object.keys(params.evidence).find((name) => !Object.hasOwn(dispute.evidence, name));
    if (unknown !== undefined) {
      throw refused(`Received unknown parameter: evidence[${unknown}]`, {
        code: 'parameter_unknown',
        param: `evidence[${unknown}]`,
      });
    }
    const submit = params.submit ?? true;
    submitEvidence(turn, dispute, params.evidence, submit);
    const text = params.evidence.uncategorized_text ?? '';
    if (!submit || !MAGIC.includes(text)) return dispute;
    const byStripe = { ...turn, cause: null };
    if (text === 'escalate_inquiry_evidence') {
      if (dispute.status.startsWith('warning_')) escalateInquiry(byStripe, dispute);
    } else closeDispute(byStripe, dispute, text === 'winning_evidence');
    return dispute;
  }),

  route('POST', '/v1/disputes/:id/close', {}, (turn, _, id) => {
    const dispute = requireDispute(turn.world, id);
    if (!isOpen(dispute)) {
      throw refused(`This dispute is already closed: it has a status of ${dispute.status}.`, {
        param: 'dispute',
      });
    }
    closeDispute(turn, dispute, false);
    return dispute;
  }),
];
