/**
 * What a call to Temporal meets on its way, besides the server. Given to each `Connection` of the client by whoever opens it.
 */
import {
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type NextCall = Parameters<Interceptor>[1];
type Started = ReturnType<NextCall>['start'];

/** gRPC's CANCELLED, which is not tried again. */
const CANCELLED = 1;

/**
 * The SDK's retries, and an end for a call that waits for one when its connection is closed. Without it the next try is made
 * in a timer, finds the channel shut down, and throws where nobody can catch it: the process ends.
 */
export function temporalCalls(): Interceptor[] {
  return [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), endWithConnection];
}

function endWithConnection(options: Parameters<NextCall>[0], nextCall: NextCall): ReturnType<Interceptor> {
  try {
    // What comes before it, the SDK's retries, takes every kind of call.
    return nextCall(options) as ReturnType<Interceptor>;
  } catch (error) {
    return ended(error instanceof Error ? error.message : String(error)) as ReturnType<Interceptor>;
  }
}

/** A call that nobody takes, told as the client tells of every other one. */
function ended(details: string): ReturnType<NextCall> {
  const start: Started = (metadata, listener) => {
    listener?.onReceiveMessage?.(null);
    listener?.onReceiveStatus?.({ code: CANCELLED, details, metadata });
  };
  const nothing = () => undefined;
  return {
    start,
    cancelWithStatus: nothing,
    sendMessageWithContext: nothing,
    sendMessage: nothing,
    startRead: nothing,
    halfClose: nothing,
    getPeer: () => 'none',
    getAuthContext: () => null,
  };
}
