import { createHash } from 'node:crypto';
import type { Case } from '../harness/suite.ts';

/** The key that every request brings, whether the subject looks at it or not. */
export const KEY = 'bench-0123456789abcdef';
export const KEY_SHA256 = createHash('sha256').update(KEY).digest('hex');

/** A JSON object of exactly so many bytes, all of them ASCII and none special to a shell, to nginx or to Lua. */
function json(bytes: number, label: string): string {
  const frame = JSON.stringify({ label, text: '' });
  return JSON.stringify({ label, text: 'x'.repeat(bytes - frame.length) });
}

const KILOBYTE = 1024;
export const ANSWER = json(KILOBYTE, 'answer');

const headers = { accept: 'application/json', 'user-agent': 'bench/1.0', 'x-api-key': KEY };
const shared = { path: '/api/v1/items', answer: ANSWER };

/** A query of an API: no body, 1 kB back. */
export const GET_1KB: Case = { ...shared, name: 'GET, answer of 1 kB', method: 'GET', headers, body: '' };

/** A command to an API: 1 kB there, 1 kB back. */
export const POST_1KB: Case = {
  ...shared,
  name: 'POST of 1 kB, answer of 1 kB',
  method: 'POST',
  headers: { ...headers, 'content-type': 'application/json' },
  body: json(KILOBYTE, 'question'),
};
