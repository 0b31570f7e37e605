/**
 * The operator's questions as queries of Temporal (List Filters), for its UI and its command line. A filter knows no
 * "today", so those about a time are made for the moment in which they are asked. docs/operations.md shows them.
 */
export interface SavedQuery {
  question: string;
  query: string;
}

const RUNNING = "ExecutionStatus = 'Running'";
const WEEK_MS = 7 * 86_400_000;

export function savedQueries(now: Date): SavedQuery[] {
  const aWeekAgo = `${new Date(now.getTime() - WEEK_MS).toISOString().slice(0, 10)}T00:00:00Z`;
  return [
    { question: 'Who is past due?', query: `EnrollmentStatus = 'past_due' AND ${RUNNING}` },
    {
      question: 'Who has been past due for over a week?',
      query: `PastDueSince < '${aWeekAgo}' AND ${RUNNING}`,
    },
    { question: 'What needs attention?', query: `WaitsFor = 'operator' AND ${RUNNING}` },
    { question: 'What waits to be captured?', query: `WaitsFor = 'capture' AND ${RUNNING}` },
    {
      question: 'Who has to confirm a payment, or save another method?',
      query: `WaitsFor = 'customer' AND ${RUNNING}`,
    },
    {
      question: 'Which declined charges are tried again by themselves?',
      query: `WaitsFor = 'retry' AND ${RUNNING}`,
    },
    { question: 'Where is a dispute open?', query: `WaitsFor = 'dispute' AND ${RUNNING}` },
    {
      question: 'Who has not saved a payment method yet?',
      query: `WaitsFor = 'payment_method' AND ${RUNNING}`,
    },
    { question: 'Which enrollments are paused?', query: `EnrollmentStatus = 'paused' AND ${RUNNING}` },
    {
      question: 'Which have ended without having been collected?',
      query: "EnrollmentStatus IN ('canceled', 'expired') AND WorkflowType = 'enrollmentWorkflow'",
    },
    {
      question: 'Which Workflow cannot go on?',
      query: `TemporalReportedProblems IS NOT NULL AND ${RUNNING}`,
    },
  ];
}

/** Where the Temporal UI shows the answer. */
export function uiAddress(uiUrl: string, namespace: string, query: string): string {
  const base = uiUrl.replace(/\/+$/, '');
  return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows?query=${encodeURIComponent(query)}`;
}
