/** The routes of the OpenAPI document, for tests that must cover all of them, those that are added later too. */
import type { FastifyInstance } from 'fastify';

export interface Parameter {
  in: string;
  name: string;
  required?: boolean;
  schema: object;
}

export interface Operation {
  summary?: string;
  description?: string;
  security?: unknown;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

export interface NamedOperation {
  /** `POST /v1/enrollments/{id}/cancel` */
  name: string;
  method: 'GET' | 'POST';
  path: string;
  operation: Operation;
}

export async function operationsOf(app: FastifyInstance): Promise<NamedOperation[]> {
  await app.ready();
  const { paths = {} } = JSON.parse(JSON.stringify(app.swagger())) as {
    paths?: Record<string, Record<string, Operation>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([name, operation]) => {
      const method = name === 'get' ? 'GET' : name === 'post' ? 'POST' : null;
      if (method === null) {
        throw new Error(`these tests know no ${name}: ${path}`);
      }
      return { name: `${method} ${path}`, method, path, operation };
    }),
  );
}

/** Well-formed ids, of nothing that exists. */
const NOBODYS: Record<string, string> = {
  id: `enr_${'0'.repeat(26)}`,
  chargeId: `chg_${'0'.repeat(26)}_1`,
  notificationId: `ntf_${'0'.repeat(26)}_x`,
  eventId: 'evt_nobodys',
};

/** A path with ids in it. @throws Error for a parameter that it knows no id for */
export function concrete(path: string, ids: Record<string, string> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const id = ids[name] ?? NOBODYS[name];
    if (id === undefined) {
      throw new Error(`${path}: no id is known for {${name}}; add one to test/security/operations.ts`);
    }
    return id;
  });
}
