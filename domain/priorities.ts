/** Temporal's priority keys of our work: a lower one goes first, 3 is the default. For the API, Workflows and the Worker. */

/** Activities that a customer or a caller waits for. */
export const INTERACTIVE_PRIORITY = 1;
/** Workflow Tasks of enrollments: somebody may wait on a page for one. */
export const WORKFLOW_PRIORITY = 2;
/** Activities that a schedule made. */
export const SCHEDULED_PRIORITY = 3;
