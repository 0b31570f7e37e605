// /v1/events: what happened in the last 30 days.

import { notFound } from '../errors.ts';
import { renderEvent } from '../events/render.ts';
import { listPage, pagingByTime } from '../http/list.ts';
import { array, boolean, string } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';

export const eventRoutes: Route[] = [
  route(
    'GET',
    '/v1/events',
    { ...pagingByTime, delivery_success: boolean, type: string(), types: array(string()) },
    (turn, params) => {
      const { events } = turn.world;
      const types = params.types ?? (params.type === undefined ? undefined : [params.type]);
      const found = events.list({
        ...(types === undefined ? {} : { types }),
        ...params.created,
        undelivered: params.delivery_success === undefined ? undefined : !params.delivery_success,
      });
      const page = listPage(found, (id) => events.get(id) !== undefined, params, '/v1/events', 'event');
      return { ...page, data: page.data.map((event) => renderEvent(turn.world, event)) };
    },
  ),
  route('GET', '/v1/events/:id', {}, (turn, _, id) => {
    const event = turn.world.events.get(id);
    if (event === undefined) throw notFound('event', id);
    return renderEvent(turn.world, event);
  }),
];
