// After the first byte nobody else is asked: a stream that breaks ends with an error event that the SDK raises.
import type { ServerResponse } from 'node:http';
import OpenAI from 'openai';
import { expect, it } from 'vitest';
import {
  aiGateway,
  chat,
  DONE,
  event,
  hello,
  lineOf,
  modelService,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  sdk,
  USAGE,
  word,
} from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';

const begins = (response: ServerResponse, text: string): ServerResponse => {
  response.writeHead(200, STREAM_HEADERS).write(text);
  return response;
};
const BEGINNING = `${ROLE}${word('Once upon')}`;

/** Sends the beginning, and goes on only once the client has it. */
async function setUp(goOn: (response: ServerResponse) => void, timeouts: object = {}, beginning = BEGINNING) {
  let response: ServerResponse | undefined;
  const primary = await rawProvider((given) => {
    response = begins(given, beginning);
  });
  const backup = await modelService('backup');
  const gateway = await aiGateway([primary, backup], {}, timeouts);
  const answer = fetchStream(gateway, () => goOn(response as ServerResponse));
  return { gateway, backup, answer: await answer };
}

async function fetchStream(gateway: { url: string }, onFirst: () => void) {
  const response = await sdk(gateway)
    .chat.completions.create({ ...hello(true), stream_options: { include_usage: true } } as never)
    .asResponse();
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    if (text === '') onFirst();
    text += chunk;
  }
  return { text, id: response.headers.get('x-request-id') };
}

const lastEvent = (text: string) =>
  JSON.parse(text.trimEnd().split('\n\n').at(-1)?.slice('data: '.length) ?? '') as {
    error?: Record<string, unknown>;
  };

it.each<[string, (response: ServerResponse) => void, string, object]>([
  ['breaks off', (response) => response.destroy(), 'upstream_truncated', {}],
  ['is reset', (response) => response.socket?.resetAndDestroy(), 'upstream_truncated', {}],
  ['just ends', (response) => response.end(), 'upstream_truncated', {}],
  ['falls silent', () => undefined, 'upstream_stalled', { idle: '1s' }],
  ['takes too long in all', (response) => trickle(response), 'upstream_timeout', { total: '2s' }],
])('a stream that %s ends with an error event', async (_what, goOn, reason, timeouts) => {
  const { gateway, backup, answer } = await setUp(goOn, timeouts);

  const { text, id } = answer;
  expect(text.startsWith(BEGINNING)).toBe(true);
  expect(lastEvent(text).error).toMatchObject({ code: reason, type: 'server_error', request_id: id });
  expect(text.endsWith('\n\n')).toBe(true);
  const line = await gateway.accessLine(({ request_id }) => request_id === id);
  expect(line).toMatchObject({ status: 200, reason, attempts: 1, provider: 'p0', usage_source: 'estimated' });
  expect(line).not.toHaveProperty('failed_attempts');
  expect(backup.stats.requests).toBe(0);
  expect(await gateway.metric('gateway_requests_total', { reason, status_class: '2xx' })).toBe(1);
  expect(await gateway.metric('gateway_upstream_requests_total', { upstream: 'p0', outcome: reason })).toBe(
    1,
  );
});

function trickle(response: ServerResponse): void {
  const timer = setInterval(() => response.write(': still there\n\n'), 50);
  response.once('close', () => clearInterval(timer));
}

it('the SDK raises what happened', async () => {
  const service = await modelService();
  service.faults.set({ truncate: 3 });
  const gateway = await aiGateway([service]);
  const stream = await sdk(gateway).chat.completions.create({
    model: 'smart',
    stream: true,
    messages: [{ role: 'user', content: 'Hello' }],
  });
  const words: unknown[] = [];

  const error = await (async () => {
    for await (const chunk of stream) words.push(chunk.choices[0]?.delta.content);
  })().catch((reason: unknown) => reason);

  expect(words).toEqual(['', 'Hello!', ' How']);
  expect(error).toBeInstanceOf(OpenAI.APIError);
  expect(error).toMatchObject({ code: 'upstream_truncated', type: 'server_error' });
});

it('half an event goes nowhere', async () => {
  const { answer } = await setUp((response) =>
    response.write(word('never').slice(0, -10), () => response.destroy()),
  );

  expect(answer.text).not.toContain('never');
  expect(answer.text.slice(BEGINNING.length)).toMatch(/^data: {"error":.*}\n\n$/);
});

it('half an event that was too large to be held is closed before the error is said', async () => {
  const { gateway, answer } = await setUp((response) => {
    response.write(`data: {"choices":[{"delta":{"content":"${'x'.repeat(3 * 1024 * 1024)}`, () =>
      response.destroy(),
    );
  });

  expect(answer.text).toMatch(/xxx\n\ndata: {"error":.*}\n\n$/);
  await gateway.accessLine(({ reason }) => reason === 'upstream_truncated');
});

it('an error that the provider says itself is passed on once, and recorded', async () => {
  const said = event({ error: { message: 'the model fell over', code: 'model_error' } });
  const { gateway, answer } = await setUp((response) => response.end(`${said}${DONE}`));

  expect(answer.text).toBe(`${BEGINNING}${said}${DONE}`);
  await gateway.accessLine(({ reason }) => reason === 'provider_stream_failed');
});

it('an end without a finish reason is a fault, and recorded as one', async () => {
  const { gateway, answer } = await setUp((response) => response.end(`${USAGE}${DONE}`));

  expect(answer.text, 'the client has it whole').toBe(`${BEGINNING}${USAGE}${DONE}`);
  const line = await gateway.accessLine(({ reason }) => reason === 'provider_finish_missing');
  expect(line).toMatchObject({ status: 200, tokens_in: 100, usage_source: 'reported' });
});

const ofChoice = (index: number, delta: object, finish: string | null = null): string =>
  event({ id: 'c', object: 'chat.completion.chunk', choices: [{ index, delta, finish_reason: finish }] });

it.each([
  ['just ends', '', 'upstream_truncated', 'truncated'],
  ['says that it is over', DONE, 'provider_finish_missing', 'no_finish_reason'],
])('one choice that has ended says nothing of another that a stream which %s has cut', async (_what, last, reason, outcome) => {
  const rest = `${ofChoice(1, { content: 'Twice upon' })}${STOP}${ofChoice(1, { content: ' a' })}${last}`;
  const { gateway, answer } = await setUp((response) => response.end(rest));

  expect(answer.text.startsWith(`${BEGINNING}${rest}`)).toBe(true);
  expect(await gateway.accessLine((line) => line.request_id === answer.id)).toMatchObject({
    reason,
    outcome,
  });
});

const begun = (index: number): string => ofChoice(index, { role: 'assistant', content: '' });

it.each([
  ['another', BEGINNING, `${begun(1)}${STOP}`],
  ['the first', `${ROLE}${begun(1)}${ofChoice(1, { content: 'Twice' })}`, ofChoice(1, {}, 'stop')],
])('nor of one of which only the role has come: %s', async (_which, beginning, rest) => {
  for (const [last, reason, outcome] of [
    ['', 'upstream_truncated', 'truncated'],
    [DONE, 'provider_finish_missing', 'no_finish_reason'],
  ]) {
    const { gateway, answer } = await setUp((response) => response.end(`${rest}${last}`), {}, beginning);
    const line = await gateway.accessLine(({ request_id }) => request_id === answer.id);
    expect(line).toMatchObject({ reason, outcome });
  }
});

it('an answer of two choices of which one was too long is too long', async () => {
  const ends = [ofChoice(1, { content: 'b' }), ofChoice(1, {}, 'length'), STOP, DONE].join('');
  const { gateway, answer } = await setUp((response) => response.end(ends));

  const line = await gateway.accessLine(({ request_id }) => request_id === answer.id);
  expect(line).toMatchObject({ reason: 'ok', outcome: 'length', finish_reason: 'length' });
});

it('so it is in an answer that is not streamed', async () => {
  const service = await modelService();
  service.faults.set({ missingFinish: true });
  const gateway = await aiGateway([service]);

  const answer = await chat(gateway, hello());

  expect(answer.status).toBe(200);
  expect(await lineOf(gateway, answer)).toMatchObject({ reason: 'provider_finish_missing' });
});

it('a finish reason without [DONE] is good enough', async () => {
  const { gateway, answer } = await setUp((response) => response.end(STOP));

  expect(answer.text).toBe(`${BEGINNING}${STOP}`);
  await gateway.accessLine(({ reason }) => reason === 'ok');
});

it('no timer and no listener outlives its stream, however short', async () => {
  const whole = Buffer.from(`${ROLE}${STOP}${DONE}`);
  const provider = await rawProvider((response) => response.writeHead(200, STREAM_HEADERS).end(whole));
  const gateway = await aiGateway([provider]);
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  await chat(gateway, hello(true));
  const before = timers();

  for (let i = 0; i < 50; i++) await chat(gateway, hello(true));

  await eventually(() => timers() < before + 20);
});
