import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GatewayError } from '../../../src/errors/gateway-error.ts';
import { renderError } from '../../../src/errors/render.ts';
import { ERRORS, type ErrorCode } from '../../../src/errors/table.ts';

const codes = Object.keys(ERRORS) as ErrorCode[];

function sources(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith(join('errors', 'table.ts')))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

it('every row of the table is used, so that none promises what nobody does', () => {
  const text = sources('src') + sources('plugins');
  expect(codes.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

it.each(
  codes,
)('%s tells the reader what happened, in both shapes, with its code and the request’s id', (code) => {
  const error = new GatewayError(code, { cause: new Error('secret internals') });
  expect(ERRORS[code].text).toMatch(/^[A-Z].*\.$/);
  expect(error.statusCode).toBeGreaterThanOrEqual(400);
  const problem = renderError(error, 'problem', 'request-1');
  expect(problem.contentType).toBe('application/problem+json');
  expect(JSON.parse(problem.body)).toMatchObject({ status: error.statusCode, code, request_id: 'request-1' });
  const openai = renderError(error, 'openai', 'request-1');
  expect(JSON.parse(openai.body).error).toMatchObject({
    // OpenAI's own word, for which applications look.
    code: code === 'budget_spent' ? 'insufficient_quota' : code,
    message: error.message,
    request_id: 'request-1',
  });
  expect(problem.body + openai.body).not.toContain('secret internals');
});
