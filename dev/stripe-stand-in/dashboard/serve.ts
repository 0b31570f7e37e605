// Requests for the dashboard: `/` and /dashboard/*. Its buttons run controls, so it is as loopback-only as they are.

import { answerControl, type ControlRequest } from '../control/serve.ts';
import { decodeForm } from '../http/form.ts';
import { html } from '../pages/html.ts';
import type { PageAnswer } from '../pages/serve.ts';
import type { StandIn } from '../state.ts';
import { detailBody } from './detail.ts';
import { dashboardPage, instant, SECTIONS } from './layout.ts';
import { sectionBody } from './lists.ts';

/** @returns null when the path is not the dashboard's */
export async function answerDashboard(standIn: StandIn, request: ControlRequest): Promise<PageAnswer | null> {
  const [, first = '', second = '', third = ''] = request.path.split('/');
  if (first !== '' && first !== 'dashboard') return null;
  if (!request.loopback) return { status: 403, html: html`The dashboard answers on loopback only.` };
  if (first === 'dashboard' && second === 'do' && request.method === 'POST') return press(standIn, request);
  const query = new URLSearchParams(request.query);
  const world = standIn.worlds[query.get('mode') === 'live' ? 'live' : 'test'];
  const frame = { mode: world.mode, clock: instant(standIn.clock.nowMs()), notice: query.get('notice') };
  if (second === 'objects') {
    const body = detailBody(world, third);
    const found = body ?? html`<p>No object <code>${third}</code> in ${world.mode} mode.</p>`;
    return {
      status: body === null ? 404 : 200,
      html: dashboardPage({ ...frame, section: null, title: third, body: found }),
    };
  }
  const section = SECTIONS.find(([id]) => id === (first === '' ? 'payments' : second));
  if (section === undefined) return null;
  const [id, title] = section;
  return {
    status: 200,
    html: dashboardPage({ ...frame, section: id, title, body: sectionBody(standIn, world, id) }),
  };
}

/** Runs the control of a button and goes back to the page, with what it answered when it refused. */
async function press(standIn: StandIn, request: ControlRequest): Promise<PageAnswer> {
  const form = decodeForm(request.body);
  const text = (name: string) => (typeof form[name] === 'string' ? form[name] : '');
  const [path = '', query = ''] = text('control').split('?');
  const answer = await answerControl(standIn, { ...request, path, query, body: text('body') });
  const back = new URL(text('back').startsWith('/dashboard/') ? text('back') : '/', request.baseUrl);
  const error = 'error' in answer.body ? String(answer.body.error) : null;
  if (error !== null) back.searchParams.set('notice', error);
  return { redirect: `${back.pathname}${back.search}` };
}
