/** Where a number of the operators' page leads to: the Temporal UI, or our own list of charges. Pure. */
import type { Settings } from '../config/env.ts';
import { ENROLLMENT_STATUS, WAITS_FOR } from '../config/search-attributes.ts';
import type { WindowName } from './windows.ts';

export type LinkSettings = Pick<Settings, 'TEMPORAL_UI_URL' | 'TEMPORAL_NAMESPACE' | 'PUBLIC_URL'>;

const RUNNING = `ExecutionStatus = 'Running'`;
/** Saved questions about Workflows, by the search attributes that enrollments have. */
export const QUERIES = {
  pastDue: `${ENROLLMENT_STATUS.name} = 'past_due' AND ${RUNNING}`,
  needsAttention: `${WAITS_FOR.name} = 'operator' AND ${RUNNING}`,
  waitsForRetry: `${WAITS_FOR.name} = 'retry' AND ${RUNNING}`,
  waitsForCustomer: `${WAITS_FOR.name} = 'customer' AND ${RUNNING}`,
  waitsForCapture: `${WAITS_FOR.name} = 'capture' AND ${RUNNING}`,
} as const;

export function createLinks(settings: LinkSettings) {
  const { TEMPORAL_UI_URL: ui, TEMPORAL_NAMESPACE: namespace } = settings;
  const base = new URL(settings.PUBLIC_URL).pathname.replace(/\/+$/, '');
  const workflows =
    ui === undefined
      ? null
      : `${ui.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  return {
    /** A path of the page itself; a proxy may serve us below one. */
    own: (path: string) => `${base}/ops${path}`,
    list(of: string, window: WindowName, more: Record<string, string> = {}): string {
      return `${base}/ops/charges?${new URLSearchParams({ of, window, ...more })}`;
    },
    /** Null when nobody said where the Temporal UI is. */
    query: (query: string) => (workflows === null ? null : `${workflows}?query=${encodeURIComponent(query)}`),
    workflow: (id: string) => (workflows === null ? null : `${workflows}/${encodeURIComponent(id)}`),
  };
}

export type OpsLinks = ReturnType<typeof createLinks>;
