// The control plane: /_control/*, JSON over HTTP, loopback only. What a test or a developer does in Stripe's place.

import type { StandIn } from '../state.ts';
import { machineControls } from './machine.ts';
import { objectControls } from './objects.ts';
import { ControlRefusal } from './refusal.ts';

export interface ControlRequest {
  method: string;
  path: string;
  query: string;
  body: string;
  baseUrl: string;
  loopback: boolean;
  /** A browser sends it for a page of another origin. */
  foreign: boolean;
}

export interface ControlAnswer {
  status: number;
  body: object;
}

export async function answerControl(standIn: StandIn, request: ControlRequest): Promise<ControlAnswer> {
  if (!request.loopback || request.foreign) {
    return {
      status: 403,
      body: { error: 'The control plane answers on loopback only, and to no other web page.' },
    };
  }
  try {
    for (const control of [...machineControls, ...objectControls]) {
      const found = control.method === request.method ? control.path.exec(request.path) : null;
      if (found === null) continue;
      const input = {
        standIn,
        id: decodeURIComponent(found[1] ?? ''),
        body: readJson(request.body),
        query: new URLSearchParams(request.query),
        baseUrl: request.baseUrl,
      };
      return { status: 200, body: await control.run(input) };
    }
  } catch (error) {
    if (error instanceof ControlRefusal) return { status: error.status, body: { error: error.message } };
    throw error;
  }
  return { status: 404, body: { error: `No control ${request.method} ${request.path}; see the README.` } };
}

function readJson(body: string): Record<string, unknown> {
  if (body === '') return {};
  try {
    const read: unknown = JSON.parse(body);
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return { ...read };
  } catch {
    // Told below, together with what is JSON but no object.
  }
  throw new ControlRefusal(400, 'The body must be a JSON object.');
}
