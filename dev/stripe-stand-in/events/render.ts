// An event as the API and the webhooks show it.

import { API_VERSION } from '../http/version.ts';
import type { World } from '../store/world.ts';
import type { StoredEvent } from './log.ts';

export function renderEvent(world: World, event: StoredEvent): object {
  const previous: object | undefined = event.previous === null ? undefined : JSON.parse(event.previous);
  const object: object = JSON.parse(event.object);
  return {
    ...frame(world.livemode, event, API_VERSION),
    data: previous === undefined ? { object } : { object, previous_attributes: previous },
  };
}

function frame(livemode: boolean, event: StoredEvent, apiVersion: string) {
  return {
    id: event.id,
    object: 'event',
    api_version: apiVersion,
    created: event.created,
    livemode,
    pending_webhooks: event.pending,
    request: { id: event.requestId, idempotency_key: event.idempotencyKey },
    type: event.type,
  };
}

/**
 * The bytes that an endpoint receives.
 * @param objectJson data.object in the endpoint's version
 */
export function eventBody(
  livemode: boolean,
  event: StoredEvent,
  apiVersion: string,
  objectJson: string,
): string {
  const previous = event.previous === null ? '' : `,"previous_attributes":${event.previous}`;
  const rest = JSON.stringify(frame(livemode, event, apiVersion));
  return `${rest.slice(0, -1)},"data":{"object":${objectJson}${previous}}}`;
}
