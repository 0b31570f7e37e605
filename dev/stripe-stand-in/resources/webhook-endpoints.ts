// /v1/webhook_endpoints. The secret is shown once, in the answer that creates the endpoint.

import type Stripe from 'stripe';
import { invalidParam, notFound } from '../errors.ts';
import { listOf, paging } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import { array, boolean, type Param, required, string, unsettable } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { newId, randomChars } from '../ids.ts';
import type { ReceivedEndpoint } from '../store/records.ts';
import type { World } from '../store/world.ts';

const MAX_ENDPOINTS = 16;

const endpointUrl: Param<string> = {
  read(value, name) {
    const read = string().read(value, name);
    if (!/^https?:\/\/[^/\s]+/.test(read))
      throw invalidParam(name, 'Invalid URL: must start with http:// or https://', 'url_invalid');
    return read;
  },
};
const eventName: Param<string> = {
  read(value, name) {
    const read = string().read(value, name);
    if (read !== '*' && !/^[a-z0-9_]+(\.[a-z0-9_]+)+$/.test(read)) {
      throw invalidParam(name, `Invalid ${name}: ${read} is not an event type`);
    }
    return read;
  },
};

function requireEndpoint(world: World, id: string): ReceivedEndpoint {
  const endpoint = world.endpoints.get(id);
  if (endpoint === undefined) throw notFound('webhook endpoint', id, 'webhook_endpoint');
  return endpoint;
}

/** Without what only the sender needs. */
export function shown(endpoint: ReceivedEndpoint): Stripe.WebhookEndpoint {
  const { signingSecret: _, oldSecret: __, ...rest } = endpoint;
  return rest;
}

export const webhookEndpointRoutes: Route[] = [
  route(
    'POST',
    '/v1/webhook_endpoints',
    {
      api_version: string(),
      connect: boolean,
      description: unsettable(string()),
      enabled_events: required(array(eventName)),
      metadata,
      url: required(endpointUrl),
    },
    (turn, params) => {
      const { world } = turn;
      if (params.enabled_events.length === 0) {
        throw invalidParam(
          'enabled_events',
          'You must enable at least one event.',
          'parameter_invalid_empty',
        );
      }
      if (params.api_version !== undefined && !/^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/.test(params.api_version)) {
        throw invalidParam('api_version', `Invalid API version: ${params.api_version}`);
      }
      if (world.endpoints.size() >= MAX_ENDPOINTS) {
        throw invalidParam(
          'url',
          `You have reached the maximum of ${MAX_ENDPOINTS} ${world.mode} webhook endpoints.`,
        );
      }
      const signingSecret = `whsec_${randomChars(32)}`;
      const endpoint = world.endpoints.insert({
        id: newId('we'),
        object: 'webhook_endpoint',
        api_version: params.api_version ?? null,
        application: null,
        created: world.clock.now(),
        description: params.description ?? null,
        enabled_events: params.enabled_events,
        livemode: world.livemode,
        metadata: changeMetadata(null, params.metadata),
        status: 'enabled',
        url: params.url,
        signingSecret,
        oldSecret: null,
      });
      return { ...shown(endpoint), secret: signingSecret };
    },
  ),

  route('GET', '/v1/webhook_endpoints', paging, (turn, params) => {
    const page = listOf(turn.world.endpoints, params, '/v1/webhook_endpoints', 'webhook endpoint');
    return { ...page, data: page.data.map(shown) };
  }),

  route('GET', '/v1/webhook_endpoints/:id', {}, (turn, _, id) => shown(requireEndpoint(turn.world, id))),

  route(
    'POST',
    '/v1/webhook_endpoints/:id',
    {
      description: unsettable(string()),
      disabled: boolean,
      enabled_events: array(eventName),
      metadata,
      url: endpointUrl,
    },
    (turn, params, id) => {
      const endpoint = requireEndpoint(turn.world, id);
      turn.world.endpoints.update(endpoint, {
        ...(params.description === undefined ? {} : { description: params.description }),
        ...(params.disabled === undefined ? {} : { status: params.disabled ? 'disabled' : 'enabled' }),
        ...(params.enabled_events === undefined ? {} : { enabled_events: params.enabled_events }),
        ...(params.metadata === undefined
          ? {}
          : { metadata: changeMetadata(endpoint.metadata, params.metadata) }),
        ...(params.url === undefined ? {} : { url: params.url }),
      });
      return shown(endpoint);
    },
  ),

  route('DELETE', '/v1/webhook_endpoints/:id', {}, (turn, _, id) => {
    requireEndpoint(turn.world, id);
    turn.world.endpoints.delete(id);
    return { id, object: 'webhook_endpoint', deleted: true };
  }),
];
