// Until the client has received a byte, another model may answer. It never learns that one failed.
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import {
  aiGateway,
  chat,
  DONE,
  errorOf,
  event,
  hello,
  lineOf,
  modelService,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  word,
} from '../helpers/ai.ts';

type Answer = (response: ServerResponse) => void;

const json = { 'content-type': 'application/json' };
const COMPLETION = '{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}';
const sends =
  (text: string, headers: Record<string, string> = STREAM_HEADERS, status = 200): Answer =>
  (response) =>
    response.writeHead(status, headers).end(text);
const status = (code: number): Answer => sends(`{"error":{"message":"no","code":"c${code}"}}`, json, code);
const refuses: Answer = (response) => response.socket?.resetAndDestroy();
const isSilent: Answer = () => undefined;
const halfABody: Answer = (response) => {
  response.writeHead(200, { ...json, 'content-length': COMPLETION.length }).write(COMPLETION.slice(0, 30));
  setImmediate(() => response.destroy());
};
/** Chunked framing that breaks in the same packet as the first bytes. */
const breaksFraming =
  (first: string): Answer =>
  (response) =>
    response.socket?.end(
      `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n` +
        `${first.length.toString(16)}\r\n${first}\r\nthis is no chunk\r\n`,
    );

const WHOLE: [string, Answer, string][] = [
  ['resets the connection', refuses, 'upstream_reset'],
  ['answers 401', status(401), '401'],
  ['answers 404', status(404), '404'],
  ['answers 429', status(429), '429'],
  ['answers 500', status(500), '500'],
  ['answers 503', status(503), '503'],
  ['answers 529', status(529), '529'],
  ['says nothing in time', isSilent, 'upstream_timeout'],
  ['dies in the middle of its answer', halfABody, 'upstream_truncated'],
  [
    'sends a page of HTML with 200',
    sends('<html>', { 'content-type': 'text/html' }),
    'provider_invalid_answer',
  ],
  ['sends garbage as JSON', sends('\xff{"', json), 'provider_invalid_answer'],
  ['sends a list', sends('[]', json), 'provider_invalid_answer'],
  ['sends an error with 200', sends('{"error":{"message":"overloaded"}}', json), 'provider_invalid_answer'],
  [
    'sends MiniMax’s error with 200',
    sends('{"choices":null,"base_resp":{"status_code":1000,"status_msg":"unknown error"}}', json),
    'provider_invalid_answer',
  ],
  ['sends an object that is no completion', sends('{}', json), 'provider_invalid_answer'],
  ['sends nothing', sends('', json), 'provider_invalid_answer'],
  ['answers 204', sends('', {}, 204), 'provider_invalid_answer'],
  ['redirects', sends('', { location: 'http://127.0.0.1:1/' }, 307), 'provider_invalid_answer'],
  [
    'compresses unasked',
    sends(COMPLETION, { ...json, 'content-encoding': 'gzip' }),
    'provider_invalid_answer',
  ],
  ['streams unasked', sends(`${ROLE}${STOP}${DONE}`), 'provider_invalid_answer'],
  ['speaks no HTTP', (response) => response.socket?.end('SSH-2.0-x\r\n\r\n'), 'upstream_(?:invalid|reset)'],
];

const STREAMED: [string, Answer, string][] = [
  ['resets the connection', refuses, 'upstream_reset'],
  ['answers 429', status(429), '429'],
  ['says nothing in time', isSilent, 'upstream_timeout'],
  [
    'sends comments only, until the time is over',
    (response) => response.writeHead(200, STREAM_HEADERS).write(': wait\n\n'),
    'upstream_timeout',
  ],
  [
    'names its role, and says nothing in time',
    (response) => response.writeHead(200, STREAM_HEADERS).write(ROLE),
    'upstream_timeout',
  ],
  ['begins with an error', sends(event({ error: { message: 'overloaded' } })), 'provider_invalid_answer'],
  [
    'names an error late in its first event',
    sends(event({ id: 'x', choices: [], error: 'no' })),
    'provider_invalid_answer',
  ],
  [
    'begins with an event called error',
    sends('event: error\ndata: {"message":"no"}\n\n'),
    'provider_invalid_answer',
  ],
  [
    'says something and fails in the same breath',
    sends(`${ROLE}${event({ error: {} })}`),
    'provider_invalid_answer',
  ],
  ['sends an empty stream', sends(''), 'provider_invalid_answer'],
  ['sends comments and ends', sends(': one\n\n: two\n\n'), 'provider_invalid_answer'],
  ['is done before it began', sends(DONE), 'provider_invalid_answer'],
  [
    'dies in its first event',
    (response) => {
      response.writeHead(200, STREAM_HEADERS).write(ROLE.slice(0, 20));
      setImmediate(() => response.destroy());
    },
    'upstream_(?:truncated|reset)',
  ],
  ['breaks its framing in its first event', breaksFraming(ROLE.slice(0, 20)), 'upstream_truncated'],
  ['sends garbage', sends('\xff\xfe\0{<<<\n\n'), 'provider_invalid_answer'],
  [
    'sends a page of HTML with 200',
    sends('<html>', { 'content-type': 'text/html' }),
    'provider_invalid_answer',
  ],
  ['does not stream', sends(COMPLETION, json), 'provider_invalid_answer'],
  [
    'compresses unasked',
    sends('\x1f\x8b', { ...STREAM_HEADERS, 'content-encoding': 'gzip' }),
    'provider_invalid_answer',
  ],
];

async function answersInstead(answer: Answer, reason: string, stream: boolean) {
  const primary = await rawProvider(answer);
  const backup = await modelService('backup');
  // Only who is silent is given up for that, and only then.
  const short = stream ? { firstToken: '300ms' } : { total: '1s' };
  const smart = {
    targets: [{ provider: 'p0', model: 'gpt-4o-mini' }],
    fallback: ['backup-1'],
    timeouts: short,
  };
  const models: Record<string, object> = reason === 'upstream_timeout' ? { smart } : {};
  const gateway = await aiGateway([primary, backup], { models });

  const got = await chat(gateway, hello(stream));

  expect(got.status).toBe(200);
  expect(got.body.toString()).toContain('Hello');
  expect(got.headers).toMatchObject({
    'x-gateway-target': 'p1/gpt-4o-mini',
    'x-gateway-attempts': '2',
    'x-backend': 'backup',
  });
  expect(await lineOf(gateway, got)).toMatchObject({
    reason: 'ok',
    model: 'smart',
    provider: 'p1',
    fallback: 'backup-1',
    attempts: 2,
    failed_attempts: [expect.stringMatching(`^p0/gpt-4o-mini ${reason}$`)],
  });
  expect(await gateway.metric('gateway_fallbacks_total', { fallback: 'backup-1' })).toBe(1);
  expect(await gateway.metric('gateway_upstream_requests_total', { upstream: 'p0' })).toBe(1);
  expect(await gateway.metric('gateway_upstream_requests_total', { upstream: 'p1', outcome: '2xx' })).toBe(1);
}

it.each(WHOLE)('the next model answers when one %s', (_what, answer, reason) =>
  answersInstead(answer, reason, false));

it.each(STREAMED)('the next model streams when one %s', (_what, answer, reason) =>
  answersInstead(answer, reason, true));

it('what is not streamed begins when it is whole: no first token is awaited', async () => {
  const slow = await rawProvider((response) => {
    setTimeout(() => sends(COMPLETION, json)(response), 600);
  });
  const gateway = await aiGateway([slow, await modelService('backup')], {}, { firstToken: '200ms' });

  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({ 'x-gateway-attempts': '1' });
});

it('the next model answers when nobody listens at the first', async () => {
  const gone = await rawProvider(isSilent);
  await gone.close();
  const gateway = await aiGateway([gone, await modelService('backup')]);

  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(200);
  expect(await lineOf(gateway, answer)).toMatchObject({
    failed_attempts: ['p0/gpt-4o-mini upstream_connect'],
  });
});

it.each([400, 413, 422])('a %i is about the request: nobody else is asked', async (code) => {
  const backup = await modelService('backup');
  const gateway = await aiGateway([await rawProvider(status(code)), backup]);

  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(code);
  expect(errorOf(answer).code).toBe(`c${code}`);
  expect(backup.stats.requests).toBe(0);
  const line = await lineOf(gateway, answer);
  expect(line).toMatchObject({ reason: 'upstream_4xx', attempts: 1 });
  expect(line).not.toHaveProperty('usage_source');
  expect(line).not.toHaveProperty('first_token_ms');
});

it('a stream that is whole with its first packet, and breaks there, ends with what it was', async () => {
  const gateway = await aiGateway([
    await rawProvider(breaksFraming(`${ROLE}${word('a')}`)),
    await modelService(),
  ]);

  const answer = await chat(gateway, hello(true));

  expect(answer.body.toString()).toContain(`${ROLE}${word('a')}data: {"error":`);
  expect(await lineOf(gateway, answer)).toMatchObject({ reason: 'upstream_truncated', attempts: 1 });
  expect((await chat(gateway, hello())).status, 'the process lives').toBe(200);
});
