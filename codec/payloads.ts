/**
 * Payloads as Temporal's remote codec protocol has them: JSON, every bytes field in base64. One payload that cannot be
 * opened must not hide the others, so it is answered with a sentence that says why. Used by `codec/routes.ts`.
 */
import { type PayloadCodec, ValueError } from '@temporalio/common';
import { z } from 'zod';

type Payload = Parameters<PayloadCodec['encode']>[0][number];

/** More than a page of history has. */
const MOST_PAYLOADS = 2_000;

const base64 = z.string().regex(/^[\w+/-]*={0,2}$/, { error: 'expected base64' });

/** Fields that the protocol may get later are passed on as they are. */
const payload = z.looseObject({
  metadata: z.record(z.string(), base64).optional(),
  data: base64.optional(),
});
export type JsonPayload = z.output<typeof payload>;

export const payloadsBody = z.looseObject({ payloads: z.array(payload).max(MOST_PAYLOADS).default([]) });

export interface Decoded {
  payloads: JsonPayload[];
  /** Payloads that were encrypted and could be opened. */
  opened: number;
  /** Why the others could not be, each reason once. */
  problems: string[];
  /** Ids of the keys that were asked for. */
  keyIds: string[];
}

/** Opens each by itself. What is not encrypted stays as it is. Never throws for a payload that cannot be opened. */
export async function decodeEach(codec: PayloadCodec, given: readonly JsonPayload[]): Promise<Decoded> {
  const problems = new Set<string>();
  const keyIds = new Set<string>();
  let opened = 0;
  const payloads = await Promise.all(
    given.map(async (json) => {
      const before = fromJson(json);
      try {
        const [after] = await codec.decode([before]);
        if (after === undefined || after === before) {
          return json;
        }
        opened += 1;
        return toJson(after);
      } catch (error) {
        if (!(error instanceof ValueError)) {
          throw error;
        }
        problems.add(error.message);
        return toJson(sentence(error.message));
      } finally {
        const keyId = before.metadata?.['encryption-key-id'];
        if (keyId) {
          keyIds.add(Buffer.from(keyId).toString('utf8').slice(0, 64));
        }
      }
    }),
  );
  return { payloads, opened, problems: [...problems], keyIds: [...keyIds].sort() };
}

export async function encodeAll(codec: PayloadCodec, given: readonly JsonPayload[]): Promise<JsonPayload[]> {
  return (await codec.encode(given.map(fromJson))).map(toJson);
}

/** What an operator reads in the place of the value. */
function sentence(problem: string): Payload {
  return {
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify({ not_decrypted: problem })),
  };
}

function fromJson({ metadata = {}, data = '' }: JsonPayload): Payload {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data, 'base64'),
  };
}

function toJson({ metadata, data }: Payload): JsonPayload {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)])),
    data: text(data ?? new Uint8Array()),
  };
}
