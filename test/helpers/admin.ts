import { expect } from 'vitest';
import type { TestGateway } from './gateway.ts';
import { call } from './raw-http.ts';

/** An answer of the admin API, its body parsed. */
export interface AdminAnswer {
  status: number;
  etag: string;
  headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, the test says
  body: any;
}

export interface AdminCall {
  method?: string;
  token?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

/** One request to the admin API, on a connection of its own. A body that is no text is sent as JSON. */
export async function admin(
  gateway: TestGateway,
  path: string,
  options: AdminCall = {},
): Promise<AdminAnswer> {
  const { method = options.body === undefined ? 'GET' : 'POST', token, body } = options;
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await call(gateway.adminUrl, path, { method, headers, body: sent });
  const text = answer.body.toString();
  const isJson = String(answer.headers['content-type']).includes('json');
  const { etag = '' } = answer.headers;
  return { status: answer.status, etag, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
}

/** Expects a problem of this code and gives it. */
export function expectProblem(answer: AdminAnswer, status: number, code: string): AdminAnswer['body'] {
  expect({ status: answer.status, code: answer.body?.code }).toEqual({ status, code });
  expect(answer.headers['content-type']).toBe('application/problem+json');
  return answer.body;
}
