/**
 * Passes a trace on, from the message that woke a Workflow to the Activities that follow on it. Part of every bundle of
 * Workflow code; without a trace it adds nothing.
 *
 * It copies one header and does nothing else: no span, no random number, no promise of its own. So a Workflow decides
 * the same with tracing on, off, or switched in the middle of its life, and old histories replay. An Activity that
 * a timer starts, perhaps a month later, begins a trace of its own.
 */
import type { Headers, Payload } from '@temporalio/common';
import { AsyncLocalStorage, type WorkflowInterceptors } from '@temporalio/workflow';

/** Where Temporal's OpenTelemetry interceptors of client and Activities put it. */
const TRACE_HEADER = '_tracer-data';
/** An Activity that comes later than this after a message has another cause. */
const FOLLOWS_WITHIN_MS = 60_000;

export function interceptors(): WorkflowInterceptors {
  /** Of the message whose handler runs. */
  const handled = new AsyncLocalStorage<Payload | undefined>();
  /** The last message: the Workflow's own loop goes on because of it. */
  let heard: { payload: Payload; atMs: number } | null = null;

  const hear = (headers: Headers) => {
    const payload = headers[TRACE_HEADER];
    heard = payload === undefined ? null : { payload, atMs: Date.now() };
    return payload;
  };
  const current = () => {
    const recent = heard !== null && Date.now() - heard.atMs <= FOLLOWS_WITHIN_MS ? heard.payload : undefined;
    return handled.getStore() ?? recent;
  };
  const passedOn = <Input extends { headers: Headers }>(input: Input): Input => {
    const payload = current();
    return payload === undefined
      ? input
      : { ...input, headers: { ...input.headers, [TRACE_HEADER]: payload } };
  };

  return {
    inbound: [
      {
        execute(input, next) {
          hear(input.headers);
          return next(input);
        },
        handleSignal: (input, next) => handled.run(hear(input.headers), () => next(input)),
        handleUpdate: (input, next) => handled.run(hear(input.headers), () => next(input)),
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(passedOn(input)),
        startChildWorkflowExecution: (input, next) => next(passedOn(input)),
        signalWorkflow: (input, next) => next(passedOn(input)),
      },
    ],
  };
}
