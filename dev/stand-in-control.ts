/**
 * The control plane of the Stripe stand-in, for whoever plays bank, network and customer: chaos, bench and tests. The
 * routes are in `dev/stripe-stand-in/README.md`. The product never calls it.
 */

/**
 * @param standInUrl e.g. `http://127.0.0.1:12111`
 * @param route below `/_control/`, e.g. `faults`
 * @returns the answer, JSON
 * @throws Error with route, status and body when it is refused
 */
export async function askControl<T>(
  standInUrl: string,
  method: 'GET' | 'POST',
  route: string,
  body: object = {},
): Promise<T> {
  const answer = await fetch(`${standInUrl}/_control/${route}`, {
    method,
    ...(method === 'GET'
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${route}: ${answer.status} ${text}`);
  }
  return JSON.parse(text) as T;
}
