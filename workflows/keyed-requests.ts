/**
 * Commands that may come with an Idempotency-Key: carried out once, however often the same request comes, and no other one
 * under its key. Temporal answers a repeat under the same update id, for as long as the run lasts; what is kept here
 * answers in the next run, and under a further id, as which the API asks where Temporal has kept an answer that is over.
 */
import type { UpdateDefinition } from '@temporalio/common';
import { patched, setHandler } from '@temporalio/workflow';
import { type KeyedRequest, keyWasUsed, requestOfEntry } from '../domain/keyed-requests.ts';
import type { Requested } from './messages.ts';
import { PATCHES } from './patches.ts';
import { refuse } from './refusals.ts';
import type { CarriedState, EnrollmentRun } from './run.ts';

/** Enough for repeats that are on their way; the timeline answers for what was done before. */
const MOST_KEPT = 50;

/** Older callers send the key of a change of the schedule as `requestKey`, and nothing of what it stands for. */
type Sent = Requested & {
  requestKey?: string;
  dueAt?: string;
  amountMinor?: number | null;
  effective?: string;
};

interface Command<Answer, Asked> {
  validator: (requested: Asked) => void;
  /** Makes more of the first answer for a repeat. @default it is the answer */
  repeated?: (requested: Asked, first: Answer) => Promise<Answer>;
  /** The timeline's word for it, where older callers sent `requestKey`. */
  entry?: string;
}

/** As `setHandler`, once under each key. A refused command, also one refused when its turn has come, uses up no key. */
export function handleCommand<Answer, Asked extends Sent>(
  run: EnrollmentRun,
  update: UpdateDefinition<Answer, [Asked]>,
  carryOut: (requested: Asked) => Promise<Answer>,
  { validator, repeated = async (_, first) => first, entry }: Command<Answer, Asked>,
): void {
  setHandler<Answer, [Asked], UpdateDefinition<Answer, [Asked]>>(
    update,
    (sent) => {
      const requested = withRequest(sent, entry);
      const { request } = requested;
      if (request === undefined) {
        return carryOut(requested);
      }
      const first = firstAnswer<Answer>(run, request);
      if (first !== undefined) {
        // Older code answered those who sent `requestKey` so, too.
        if (sent.requestKey !== undefined || patched(PATCHES.onceUnderKey)) {
          return first.then((answer) => repeated(requested, answer));
        }
        validator(requested);
      }
      return kept(run, request, carryOut(requested));
    },
    {
      validator: (sent) => {
        const requested = withRequest(sent, entry);
        if (!isRepeat(run, requested.request)) {
          validator(requested);
        }
      },
    },
  );
}

function withRequest<Asked extends Sent>(sent: Asked, entry: string | undefined): Asked {
  const { requestKey: key, dueAt = null, amountMinor = null, effective = '' } = sent;
  if (key === undefined || entry === undefined) {
    return sent;
  }
  const what = requestOfEntry(entry, { moved_to: dueAt, amount_minor: amountMinor, effective });
  return { ...sent, request: { key, what } };
}

/** @throws refused when another request has come under the key */
function isRepeat(run: EnrollmentRun, request: KeyedRequest | undefined): boolean {
  const before = run.state.requests?.find(({ key }) => key === request?.key);
  if (request === undefined || before === undefined) {
    return false;
  }
  if (before.what !== request.what) {
    refuse('idempotency_mismatch', keyWasUsed(before.what));
  }
  return firstAnswer(run, request) !== undefined;
}

function firstAnswer<Answer>(run: EnrollmentRun, { key, what }: KeyedRequest): Promise<Answer> | undefined {
  const first = run.state.requests?.find((made) => made.key === key && made.what === what);
  const answer = first?.answer === undefined ? run.carriedOut.get(key) : Promise.resolve(first.answer);
  return first && (answer as Promise<Answer> | undefined);
}

/** Nothing is put between the answer and the update: when it ends, among what else happens, is in the history. */
function kept<Answer>(
  run: EnrollmentRun,
  { key, what }: KeyedRequest,
  answer: Promise<Answer>,
): Promise<Answer> {
  const { state, carriedOut } = run;
  const request: NonNullable<CarriedState['requests']>[number] = { key, what };
  const others = () => (state.requests ?? []).filter((other) => other.key !== key);
  state.requests = [...others(), request].slice(-MOST_KEPT);
  carriedOut.set(key, answer);
  answer.then(
    (made) => {
      request.answer = made;
      carriedOut.delete(key);
    },
    () => {
      state.requests = others();
      carriedOut.delete(key);
    },
  );
  return answer;
}
