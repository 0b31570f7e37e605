// Checks the requests that a running stand-in has received, whoever sent them, against Stripe's description.
// This is how the product's own requests are checked: run it against a stand-in, then ask for its log.

import type { Validator } from './validator.ts';

interface Logged {
  method: string;
  path: string;
  params: string;
  status: number | null;
}

/** @param standIn its address, e.g. http://127.0.0.1:12111 */
export async function checkLoggedRequests(
  standIn: string,
  validator: Validator,
): Promise<{ count: number; problems: string[] }> {
  const answer = await fetch(`${standIn}/_control/requests?limit=20000`);
  const { data }: { data: Logged[] } = Object(await answer.json());
  const problems: string[] = [];
  for (const request of data) {
    const errors = validator.request(request.method, request.path, request.params);
    if (errors.length > 0) problems.push(`${request.method} ${request.path}: ${errors.join('; ')}`);
  }
  return { count: data.length, problems };
}
