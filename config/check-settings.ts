/** Reads settings by a schema, and says all that is wrong with them at once, without a secret. Used by `config/env.ts`. */
import type { z } from 'zod';

export type Environment = Record<string, string | undefined>;

/** Its message lists every setting that is missing or wrong, and no secret. */
export class WrongSettings extends Error {
  override readonly name = 'WrongSettings';
}

/** Whether a value may hold a secret: by its name, or as an address with a user and a password in it. */
function isSecret(name: string, value: string): boolean {
  return (
    /SECRET|KEY|DATABASE_URL|MAIL_URL/.test(name) ||
    (/URL|ENDPOINT|ORIGINS/.test(name) && value.includes('@'))
  );
}

/** @throws WrongSettings */
export function check<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, environment: Environment) {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      // A file that a platform hands over as a setting ends with a line break, and no setting of ours begins or ends with a blank.
      const value = environment[name]?.trim();
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const result = schema.safeParse(given);
  if (result.success) {
    return result.data;
  }
  const lines = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const value = given[name];
    const shown = value === undefined ? 'missing' : isSecret(name, value) ? '(not shown)' : `'${value}'`;
    return `  ${name}: ${shown}; ${issue.message}`;
  });
  throw new WrongSettings(`Settings are missing or wrong:\n${lines.join('\n')}`);
}
