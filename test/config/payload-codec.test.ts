import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { createPayloadCodec, type PayloadKey, readPayloadKeys } from '../../config/payload-codec.ts';

const key = (id: string): PayloadKey => ({ id, key: randomBytes(32) });
const OLD = key('2025');
const NEW = key('2026');
const VALUE = { description: 'Tasting box', amountMinor: 980 };
const payload = () => defaultPayloadConverter.toPayload(VALUE);

describe('createPayloadCodec', () => {
  it('F34: leaves nothing readable, and gives back what it was given', async () => {
    const codec = createPayloadCodec([NEW]);
    const [sealed] = await codec.encode([payload()]);
    expect(Buffer.from(sealed?.data ?? []).toString('latin1')).not.toContain('Tasting');
    const [opened] = await codec.decode(sealed ? [sealed] : []);
    expect(opened && defaultPayloadConverter.fromPayload(opened)).toEqual(VALUE);
  });

  it('encrypts with the first key and reads what older keys wrote', async () => {
    const written = await createPayloadCodec([OLD]).encode([payload()]);
    const rotated = createPayloadCodec([NEW, OLD]);
    const [opened] = await rotated.decode(written);
    expect(opened && defaultPayloadConverter.fromPayload(opened)).toEqual(VALUE);
    const [again] = await rotated.encode([payload()]);
    expect(Buffer.from(again?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('2026');
  });

  it('refuses what was encrypted with a key that it does not have, and names the key', async () => {
    const written = await createPayloadCodec([OLD]).encode([payload()]);
    await expect(createPayloadCodec([NEW]).decode(written)).rejects.toThrow("key '2025'");
  });

  it('refuses bytes and key ids that were altered', async () => {
    const other = { ...OLD, id: NEW.id };
    const [sealed] = await createPayloadCodec([OLD]).encode([payload()]);
    const altered = Buffer.from(sealed?.data ?? []);
    altered[20] = (altered[20] ?? 0) ^ 1;
    await expect(createPayloadCodec([OLD]).decode([{ ...sealed, data: altered }])).rejects.toThrow('altered');
    const renamed = {
      ...sealed,
      metadata: { ...sealed?.metadata, 'encryption-key-id': Buffer.from(NEW.id) },
    };
    await expect(createPayloadCodec([other]).decode([renamed])).rejects.toThrow('altered');
  });

  it('reads what was written before there was a key', async () => {
    expect(await createPayloadCodec([NEW]).decode([payload()])).toEqual([payload()]);
  });
});

describe('readPayloadKeys', () => {
  const base64 = NEW.key.toString('base64');
  it('reads ids and keys, in order', () => {
    expect(readPayloadKeys(`b:${base64},a:${base64}`)?.map(({ id }) => id)).toEqual(['b', 'a']);
  });
  it.each(['', base64, 'a:short', `a:${base64},`, `a:${base64},a:${base64}`])('refuses %j', (text) => {
    expect(readPayloadKeys(text)).toBeNull();
  });
});
