// Changes what can be chosen about a running stand-in (settings.ts), until it stops.

import type { Settings } from '../settings.ts';
import { booleanOf, choiceOf, numberOf, textOf } from './fields.ts';
import { ControlRefusal } from './refusal.ts';

/** @returns all settings as they are now @throws ControlRefusal for an unknown name or a value of another kind */
export function changeSettings(settings: Settings, body: Record<string, unknown>): Settings {
  for (const name of Object.keys(body)) {
    if (!Object.hasOwn(settings, name)) throw new ControlRefusal(400, `There is no setting ${name}.`);
  }
  const number = (name: keyof Settings, now: number) => numberOf(body, name, now) ?? now;
  const expired = body.expiredSessionReason;
  return Object.assign(settings, {
    maxConfirmations: number('maxConfirmations', settings.maxConfirmations),
    holdDays: number('holdDays', settings.holdDays),
    holdExpiryReason: choiceOf(
      body,
      'holdExpiryReason',
      ['automatic', 'expired'] as const,
      settings.holdExpiryReason,
    ),
    releaseEvents: booleanOf(body, 'releaseEvents', settings.releaseEvents),
    expiredSessionReason:
      expired === undefined
        ? settings.expiredSessionReason
        : expired === null
          ? null
          : choiceOf(body, 'expiredSessionReason', ['abandoned'] as const, 'abandoned'),
    debitSeconds: number('debitSeconds', settings.debitSeconds),
    debitCancelWindowSeconds: number('debitCancelWindowSeconds', settings.debitCancelWindowSeconds),
    refundSeconds: number('refundSeconds', settings.refundSeconds),
    errorOnRequiresActionCode:
      textOf(body, 'errorOnRequiresActionCode', settings.errorOnRequiresActionCode) ??
      settings.errorOnRequiresActionCode,
    debitsNeedMandate: booleanOf(body, 'debitsNeedMandate', settings.debitsNeedMandate),
    searchDelaySeconds: number('searchDelaySeconds', settings.searchDelaySeconds),
    webhookRetryScale: number('webhookRetryScale', settings.webhookRetryScale),
    offSessionNeedsReturnUrl: booleanOf(body, 'offSessionNeedsReturnUrl', settings.offSessionNeedsReturnUrl),
    requestsPerSecond:
      body.requestsPerSecond === null
        ? null
        : numberOf(body, 'requestsPerSecond', settings.requestsPerSecond),
    settlementCurrency:
      body.settlementCurrency === null
        ? null
        : textOf(body, 'settlementCurrency', settings.settlementCurrency),
    settlementRate: number('settlementRate', settings.settlementRate),
  } satisfies Settings);
}
