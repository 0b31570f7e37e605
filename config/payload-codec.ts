/**
 * Encrypts every payload that goes into a history: AES-256-GCM, a key per id, so that keys can be rotated. Used by the
 * API's client, by the Worker and by whoever reads histories. Never used for search attributes, which stay readable.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type PayloadCodec, ValueError } from '@temporalio/common';
import { z } from 'zod';

type Payload = Parameters<PayloadCodec['encode']>[0][number];

export interface PayloadKey {
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

const ENCODING = 'binary/encrypted';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What is encrypted: a payload's metadata and data, both in base64. */
const envelope = z.object({ metadata: z.record(z.string(), z.string()), data: z.string() });

/**
 * Reads `id:key,id:key`, each key 32 bytes in base64.
 * @returns null when it is not of that form
 */
export function readPayloadKeys(text: string): PayloadKey[] | null {
  const keys = text.split(',').flatMap((item) => {
    const match = /^([\w.-]{1,64}):([A-Za-z0-9+/]{43}=)$/.exec(item.trim());
    return match === null ? [] : [{ id: String(match[1]), key: Buffer.from(String(match[2]), 'base64') }];
  });
  const distinct = new Set(keys.map(({ id }) => id)).size === keys.length;
  return keys.length === text.split(',').length && distinct ? keys : null;
}

/**
 * The first key encrypts, all decrypt. What was written before there was a key is read as it is.
 * @throws ValueError on decoding, when the key is not known or the bytes were altered
 */
export function createPayloadCodec(keys: readonly PayloadKey[]): PayloadCodec {
  const [first] = keys;
  if (first === undefined) {
    throw new RangeError('a payload codec needs a key');
  }
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(payload, first)),
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, byId)),
  };
}

function encrypt({ metadata, data }: Payload, { id, key }: PayloadKey): Payload {
  const plain = JSON.stringify({
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]),
    ),
    data: base64(data ?? new Uint8Array()),
  });
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  // Which key it was is part of what is sealed.
  cipher.setAAD(Buffer.from(id));
  const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return {
    metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(id) },
    data: sealed,
  };
}

function decrypt(payload: Payload, keys: ReadonlyMap<string, Buffer>): Payload {
  const { metadata, data } = payload;
  if (text(metadata?.encoding) !== ENCODING || !data) {
    return payload;
  }
  const id = text(metadata?.['encryption-key-id']);
  const key = keys.get(id);
  if (key === undefined) {
    throw new ValueError(`a payload was encrypted with key '${id}', which is not among the configured ones`);
  }
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(id));
    decipher.setAuthTag(data.subarray(data.length - TAG_BYTES));
    const sealed = data.subarray(NONCE_BYTES, data.length - TAG_BYTES);
    const plain = Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
    const opened = envelope.parse(JSON.parse(plain));
    return {
      metadata: Object.fromEntries(
        Object.entries(opened.metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
      ),
      data: Buffer.from(opened.data, 'base64'),
    };
  } catch (cause) {
    throw new ValueError(`a payload encrypted with key '${id}' cannot be opened: it was altered`, cause);
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function text(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? new Uint8Array()).toString('utf8');
}
