// What is wrong with a request is said in OpenAI's own shape, recorded with its reason, and harms nobody else.
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import {
  aiGateway,
  type ChatAnswer,
  CLIENT_KEY,
  chat,
  errorOf,
  hello,
  lineOf,
  modelService,
} from '../helpers/ai.ts';
import { call } from '../helpers/raw-http.ts';

const MESSAGES = '"messages":[{"role":"user","content":"Hello"}]';

interface Refused {
  status: number;
  reason: string;
  param?: string;
}

async function isRefused(
  ask: (gateway: { url: string }) => Promise<ChatAnswer>,
  { status, reason, param }: Refused,
): Promise<ChatAnswer> {
  const service = await modelService();
  const gateway = await aiGateway([service]);

  const answer = await ask(gateway);

  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/json');
  expect(errorOf(answer)).toEqual({
    message: expect.any(String),
    type: 'invalid_request_error',
    param: param ?? null,
    code: reason,
    request_id: answer.headers['x-request-id'],
  });
  expect(await lineOf(gateway, answer)).toMatchObject({ status, reason, consumer: 'app', route: 'ai' });
  expect(await gateway.metric('gateway_requests_total', { route: 'ai', reason, status_class: '4xx' })).toBe(
    1,
  );
  expect(service.stats.requests, 'the provider is not asked').toBe(0);
  expect((await chat(gateway, hello())).status, 'the next request is served').toBe(200);
  return answer;
}

it.each<[string, string | Buffer, number, string, string?]>([
  ['malformed JSON', '{"model":', 400, 'body_malformed'],
  ['two texts', '{}{}', 400, 'body_malformed'],
  ['an empty body', '', 400, 'body_malformed'],
  ['a byte order mark', `\uFEFF{"model":"smart",${MESSAGES}}`, 400, 'body_malformed'],
  [
    'bytes that are no UTF-8',
    Buffer.concat([
      Buffer.from(`{"model":"smart",${MESSAGES},"x":"`),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}'),
    ]),
    400,
    'body_malformed',
  ],
  ['nesting without end', '['.repeat(100_000), 400, 'body_malformed'],
  ['a list', '[]', 400, 'body_invalid'],
  ['null', 'null', 400, 'body_invalid'],
  ['a string', '"smart"', 400, 'body_invalid'],
  ['no model', `{${MESSAGES}}`, 400, 'model_missing', 'model'],
  ['an empty model', `{"model":"",${MESSAGES}}`, 400, 'model_missing', 'model'],
  ['a model that is a number', `{"model":5,${MESSAGES}}`, 400, 'model_missing', 'model'],
  ['two models', `{"model":"smart",${MESSAGES},"model":"smart"}`, 400, 'body_invalid', 'model'],
  [
    'two models, one written with escapes',
    `{"mod\\u0065l":"gpt-9",${MESSAGES},"model":"smart"}`,
    400,
    'body_invalid',
    'model',
  ],
  ['two models, one a number', `{"model":5,${MESSAGES},"model":"smart"}`, 400, 'body_invalid', 'model'],
  [
    'two models, one an object',
    `{"model":{"model":"x"},${MESSAGES},"model":"smart"}`,
    400,
    'body_invalid',
    'model',
  ],
  ['no messages', '{"model":"smart"}', 400, 'body_invalid', 'messages'],
  ['messages that are no list', '{"model":"smart","messages":{"length":1}}', 400, 'body_invalid', 'messages'],
  ['stream as a word', `{"model":"smart","stream":"yes",${MESSAGES}}`, 400, 'body_invalid', 'stream'],
  ['a model nobody knows', `{"model":"gpt-9",${MESSAGES}}`, 404, 'model_unknown', 'model'],
  [
    'a model named like a part of every object',
    `{"model":"__proto__",${MESSAGES}}`,
    404,
    'model_unknown',
    'model',
  ],
  [
    'a model named constructor',
    `{"model":"constructor","__proto__":{"model":"smart"},${MESSAGES}}`,
    404,
    'model_unknown',
    'model',
  ],
  ['a model with a lone surrogate', `{"model":"\\ud800",${MESSAGES}}`, 404, 'model_unknown', 'model'],
])('%s', async (_what, body, status, reason, param) => {
  await isRefused((gateway) => chat(gateway, body), { status, reason, ...(param ? { param } : {}) });
});

it.each<[string, Record<string, string>]>([
  ['text', { 'content-type': 'text/plain' }],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['something without a type', { 'content-type': '' }],
])('a body that is declared as %s', async (_what, headers) => {
  await isRefused((gateway) => chat(gateway, hello(), headers), {
    status: 415,
    reason: 'media_type_unsupported',
  });
});

it('a body that is compressed', async () => {
  const body = gzipSync(JSON.stringify(hello()));
  await isRefused((gateway) => chat(gateway, body, { 'content-encoding': 'gzip' }), {
    status: 415,
    reason: 'media_type_unsupported',
  });
});

it('a body that is too large, declared or not', async () => {
  const body = JSON.stringify({ ...hello(), x: 'x'.repeat(11 * 1024 * 1024) });
  const refused = { status: 413, reason: 'body_too_large' };
  const answer = await isRefused((gateway) => chat(gateway, body), refused);
  expect(answer.headers.connection, 'what was not read can’t be told from a request').toBe('close');
  await isRefused((gateway) => chat(gateway, body, { 'transfer-encoding': 'chunked' }), refused);
});

it('a path that is none, a method that is none', async () => {
  const headers = { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'text/plain' };
  const gateway = await aiGateway([await modelService()]);

  const unknown = await call(gateway.url, '/v1/completions', { method: 'POST', headers, body: '{}' });
  const got = await call(gateway.url, '/v1/chat/completions', { headers });
  const put = await call(gateway.url, '/v1/chat/completions', { method: 'PUT', headers, body: 'x' });
  const posted = await call(gateway.url, '/v1/models', { method: 'POST', headers, body: 'x' });
  const deleted = await call(gateway.url, '/v1/models/smart', { method: 'DELETE', headers });

  expect(unknown.status).toBe(404);
  expect(errorOf(unknown)).toMatchObject({ code: 'route_not_found', type: 'invalid_request_error' });
  for (const [answer, allow] of [
    [got, 'POST'],
    [put, 'POST'],
    [posted, 'GET'],
    [deleted, 'GET'],
  ] as const) {
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    expect(errorOf(answer)).toMatchObject({ code: 'method_not_allowed', type: 'invalid_request_error' });
    expect(await lineOf(gateway, answer)).toMatchObject({ reason: 'method_not_allowed', route: 'ai' });
  }
});

it('what is nested too deep to be written again harms nobody, neither as message nor as tool', async () => {
  const service = await modelService();
  service.faults.set({ missingUsage: true });
  const gateway = await aiGateway([service]);
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

  const asked = [
    `{"model":"smart","messages":[{"role":"user","content":"Hello","tool_calls":${deep}}]}`,
    `{"model":"smart",${MESSAGES},"x":${deep}}`,
    `{"model":"smart","messages":[{"role":"user","content":"Hello"},{"role":"user","content":${deep}}]}`,
  ];

  for (const body of asked) {
    const answer = await chat(gateway, body);
    expect(answer.status).toBe(200);
    expect(await lineOf(gateway, answer)).toMatchObject({ reason: 'ok', usage_source: 'estimated' });
  }
});
