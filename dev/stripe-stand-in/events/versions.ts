// An event's object in the words of an endpoint's own API version. Only the renames of 2019-02-11 are told apart:
// they are the ones that reach PaymentIntents and SetupIntents.

const RENAMED = '2019-02-11';

const OLD_STATUS: Record<string, string> = {
  requires_payment_method: 'requires_source',
  requires_action: 'requires_source_action',
};

/** @param version e.g. `2019-02-10` or `2026-10-28.endive` */
export function inVersion(objectJson: string, version: string): string {
  if (version.slice(0, 10) >= RENAMED) return objectJson;
  const object: Record<string, unknown> = JSON.parse(objectJson);
  if (object.object !== 'payment_intent' && object.object !== 'setup_intent') return objectJson;
  const {
    status,
    payment_method_types: types,
    allowed_payment_method_types: _,
    next_action: next,
    ...rest
  } = object;
  return JSON.stringify({
    ...rest,
    status: OLD_STATUS[String(status)] ?? status,
    allowed_source_types: types,
    next_source_action: oldAction(next),
  });
}

function oldAction(next: unknown): unknown {
  if (typeof next !== 'object' || next === null || !('redirect_to_url' in next)) return next ?? null;
  const { redirect_to_url: redirect } = next;
  return { type: 'authorize_with_url', authorize_with_url: redirect };
}
