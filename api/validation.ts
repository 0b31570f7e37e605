/**
 * Checks requests with the zod schemas of the routes and says of every wrong field its name, its value and what was
 * expected. (The compiler of fastify-type-provider-zod loses the value and the path on the way.)
 */
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { type HttpProblem, invalidRequest, type ProblemIssue, shown } from './problems.ts';

/** More than a person reads. */
const MOST_ISSUES = 20;

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data: unknown) => {
    const result = schema.safeParse(data);
    return result.success ? { value: result.data } : { error: problemOf(result.error, data, httpPart) };
  };

function problemOf(error: z.ZodError, data: unknown, httpPart: string | undefined): HttpProblem {
  const issues = error.issues.flatMap((issue) => issuesOf(issue, data, httpPart)).slice(0, MOST_ISSUES);
  return invalidRequest(issues);
}

function issuesOf(issue: z.core.$ZodIssue, data: unknown, httpPart: string | undefined): ProblemIssue[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const param = [...path, key].join('.');
      return {
        param: shown(param),
        message: `${shown(param)}: unknown ${PART_WORD[httpPart ?? ''] ?? 'field'}`,
      };
    });
  }
  const param = path.join('.') || (httpPart ?? 'body');
  const value = path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
    data,
  );
  const got = value === undefined || value === null ? 'nothing' : `'${shown(value)}'`;
  const said = issue.message.replace(/^Invalid input: /, '').replace(/, received \S+$/, '');
  return [{ param: shown(param), message: `${shown(param)}: ${said}, got ${got}` }];
}

const PART_WORD: Record<string, string> = { querystring: 'query parameter', headers: 'header' };
