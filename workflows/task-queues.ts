/** Names of Task Queues that follow from the configured one. Imported by Workflows and by the Worker. */

/** The queue of Activities that call Stripe: its rate is limited by the server. */
export function stripeTaskQueue(taskQueue: string): string {
  return `${taskQueue}-stripe`;
}
