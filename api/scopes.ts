/** What an API key may do. Each route of the API names the one scope that it needs; `api/auth.ts` asks for it. */

/** In the order of their power over money. What each allows is shown in the OpenAPI document and on the command line. */
export const SCOPE_MEANINGS = {
  read: 'look at enrollments, charges, timelines and notifications, without the addresses for customers',
  write: 'enroll customers, charge them as agreed, pause, resume, change and cancel',
  operate: 'refund, capture, release and forgive; step into dunning; have webhooks delivered again',
  webhooks: 'look at the webhooks that came in',
  payloads: 'read what is encrypted in histories, through the codec endpoint',
} as const;

export type Scope = keyof typeof SCOPE_MEANINGS;

export const SCOPES = Object.keys(SCOPE_MEANINGS).filter(isScope);

/** What a key gets when nobody says otherwise: everything that the API does, and nothing that opens histories. */
export const USUAL_SCOPES: readonly Scope[] = ['read', 'write', 'operate', 'webhooks'];

function isScope(name: string): name is Scope {
  return Object.hasOwn(SCOPE_MEANINGS, name);
}
