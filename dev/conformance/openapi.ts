// The parts of an OpenAPI 3.0 document that are read here, and where the documents come from.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

export interface Schema {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  nullable?: boolean;
  required?: string[];
  format?: string;
  maxLength?: number;
  minimum?: number;
  pattern?: string;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  'x-expansionResources'?: unknown;
}

export interface Operation {
  parameters?: { in: string; name: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

export type PathItem = Record<string, Operation>;

export interface Description {
  openapi: string;
  info: { version: string };
  components: { schemas: Record<string, Schema> };
  paths: Record<string, PathItem>;
}

const MODULE = 'github.com/stripe/stripe-mock';
const MODULE_VERSION = 'v0.203.0';

export const EXTRACT_FILE = new URL('./stripe-openapi.extract.json.gz', import.meta.url);

/** The committed extract: needs nothing but the file. */
export async function readExtract(): Promise<Description> {
  return JSON.parse(gunzipSync(await readFile(EXTRACT_FILE)).toString());
}

/**
 * Stripe's whole description, as shipped in the Go module stripe-mock (MIT). The module is downloaded into Go's own
 * cache when it is not there.
 * @throws when there is no Go, or the module cannot be downloaded; the extract is then what is left
 */
export async function readWholeDescription(): Promise<Description> {
  const run = promisify(execFile);
  const { stdout } = await run('go', ['mod', 'download', '-json', `${MODULE}@${MODULE_VERSION}`]);
  const answer: { Dir: string } = JSON.parse(stdout);
  return JSON.parse(await readFile(`${answer.Dir}/embedded/openapi/spec3.json`, 'utf8'));
}
