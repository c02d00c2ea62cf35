// Each call ends in exactly one named way, which log, metrics and ledger share: an answer of status 200 can be worth nothing.
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import {
  aiGateway,
  chat,
  DONE,
  event,
  hello,
  lineOf,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  USAGE,
  word,
} from '../helpers/ai.ts';
import { loopTurns } from '../helpers/loop-turns.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
const whole = (message: object, finish_reason: string | null = 'stop', rest: object = {}) =>
  JSON.stringify({ choices: [{ message, finish_reason, ...rest }], usage });
const tool = (args: string) => ({
  tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: args } }],
});
const json = { 'content-type': 'application/json' };
const answers = (body: string, status = 200) =>
  rawProvider((response) => response.writeHead(status, json).end(body));
const streams = (text: string) =>
  rawProvider((response) => response.writeHead(200, STREAM_HEADERS).end(text));
const wantsJson = { response_format: { type: 'json_object' } };

it.each([
  ['complete', whole({ content: 'Hello' }), {}],
  ['complete', whole(tool('{"a":1}'), 'tool_calls'), {}],
  ['complete', whole(tool(''), 'tool_calls'), {}],
  ['complete', whole({ content: '{"a":1}' }), wantsJson],
  ['complete', whole({ content: 'not judged', reasoning_content: 'hm' }), wantsJson],
  ['length', whole({ content: 'Hel' }, 'length'), {}],
  ['length', whole({ content: '{"a":' }, 'length'), wantsJson],
  ['filtered', whole({ content: '' }, 'content_filter'), {}],
  ['refused', whole({ refusal: 'I can’t.' }), {}],
  ['empty', whole({ content: '' }), {}],
  ['complete', whole({ content: null, audio: { id: 'a', data: 'aa', transcript: 'Hi' } }), {}],
  ['complete', whole({ content: '', images: [{ image_url: { url: 'https://a/b.png' } }] }), {}],
  ['tool_call_malformed', whole(tool('{"a":'), 'tool_calls'), {}],
  ['tool_call_malformed', whole(tool('[1]'), 'tool_calls'), {}],
  ['schema_failed', whole({ content: 'Sure! {"a":1}' }), wantsJson],
  ['no_finish_reason', whole({ content: 'Hello' }, null), {}],
])('%s (%#)', async (outcome, body, asked) => {
  const gateway = await aiGateway([await answers(body)]);

  const line = await lineOf(gateway, await chat(gateway, { ...hello(), ...asked }));

  expect(line).toMatchObject({ status: 200, outcome });
  expect(await gateway.metric('gateway_ai_outcomes_total')).toBe(1);
  expect(await gateway.metric('gateway_ai_outcomes_total', { outcome, model: 'smart', provider: 'p0' })).toBe(
    1,
  );
  const { items } = (await admin(gateway, '/api/usage?by=outcome')).body;
  expect(items).toMatchObject([{ by: { outcome }, calls: 1 }]);
});

it.each([
  ['complete', `${ROLE}${word('Hello')}${STOP}${USAGE}${DONE}`],
  ['truncated', `${ROLE}${word('Hello')}`],
  ['no_finish_reason', `${ROLE}${word('Hello')}${DONE}`],
  ['empty', `${ROLE}${STOP}${USAGE}${DONE}`],
])('a stream ends as %s (%#)', async (outcome, text) => {
  const gateway = await aiGateway([await streams(text)]);

  const line = await lineOf(gateway, await chat(gateway, hello(true)));

  expect(line).toMatchObject({ outcome });
  expect(await gateway.metric('gateway_ai_outcomes_total')).toBe(1);
});

it('a stream in which the provider says that it failed is truncated', async () => {
  const provider = await rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS).write(`${ROLE}${word('Hel')}`);
    // Later than the answer's first event, which is where it can still be asked for again.
    setTimeout(async () => {
      await loopTurns();
      response.end(event({ error: { message: 'broken' } }));
    }, 50);
  });
  const gateway = await aiGateway([provider]);

  const line = await lineOf(gateway, await chat(gateway, hello(true)));

  expect(line).toMatchObject({ outcome: 'truncated', reason: 'provider_stream_failed' });
});

it('who answered in the end, and what went wrong when nobody did', async () => {
  const failing = await answers('{}', 500);
  const fallback = await aiGateway([failing, await answers(whole({ content: 'Hello' }))]);
  expect(await lineOf(fallback, await chat(fallback, hello()))).toMatchObject({ outcome: 'fallback_used' });
  const down = await aiGateway([failing]);
  expect(await lineOf(down, await chat(down, hello()))).toMatchObject({ outcome: 'upstream_5xx' });
  const gone = await aiGateway([{ url: 'http://127.0.0.1:9' }]);
  expect(await lineOf(gone, await chat(gone, hello()))).toMatchObject({ outcome: 'upstream_connect' });
  const refusing = await aiGateway([await answers('{"error":{}}', 400)]);
  expect(await lineOf(refusing, await chat(refusing, hello()))).toMatchObject({ outcome: 'upstream_4xx' });
});

it.each([
  ['Azure’s filter', 400, { code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } }],
  ['OpenAI’s, of a picture', 400, { code: 'content_policy_violation' }],
  [
    'OpenAI’s, of a prompt',
    400,
    { code: 'invalid_prompt', message: 'Invalid prompt: your prompt was flagged as …' },
  ],
  ['a moderator of OpenRouter’s', 403, { code: 403, metadata: { flagged_input: 'x' } }],
])('a prompt that is refused by %s is filtered, and its client told as the vendor tells it', async (_whose, status, error) => {
  const body = JSON.stringify({ error: { message: 'no', ...error } });
  const gateway = await aiGateway([await answers(body, status)]);

  const answer = await chat(gateway, hello());

  expect([answer.status, answer.body.toString()]).toEqual([status, body]);
  const line = await lineOf(gateway, answer);
  expect(line).toMatchObject({ reason: 'upstream_4xx', outcome: 'filtered' });
  expect(line).not.toHaveProperty('usd');
});

/** Streams three words, each some 30 ms after the other, and then what they came to. */
const threeWords = (usage: string, first = '') =>
  rawProvider((response) => {
    response.writeHead(200, STREAM_HEADERS).write(ROLE);
    const parts = [`${first}${word('a')}`, word('b'), word('c'), `${STOP}${usage}${DONE}`];
    const timer = setInterval(() => {
      response.write(parts.shift() ?? '');
      if (parts.length === 0) response.end(() => clearInterval(timer));
    }, 30);
  });

it('how sure the model was, and how fast it spoke', async () => {
  const sure = whole({ content: 'Hi' }, 'stop', {
    logprobs: {
      content: [
        { token: 'H', logprob: Math.log(0.5) },
        { token: 'i', logprob: Math.log(0.125) },
      ],
    },
  });
  const gateway = await aiGateway([await answers(sure)]);
  expect(await lineOf(gateway, await chat(gateway, hello()))).toMatchObject({ confidence: 0.25 });
  expect(await gateway.metric('gateway_ai_confidence_sum')).toBeCloseTo(0.25, 9);

  const slow = await threeWords(USAGE);
  const streaming = await aiGateway([slow]);
  const line = await lineOf(streaming, await chat(streaming, hello(true)));
  // 20 tokens in two gaps of some 30 ms.
  expect(line.longest_gap_ms).toBeGreaterThan(10);
  expect(line.ms_per_token).toBeGreaterThan(1);
  expect(line.ms_per_token).toBeLessThan(Number(line.duration_ms) / 19);
  expect(await streaming.metric('gen_ai_server_time_per_output_token_seconds_count')).toBe(1);
});

it('what was thought in silence, before the first word, makes the words after it no faster', async () => {
  const usage = event({
    choices: [],
    usage: {
      prompt_tokens: 1,
      completion_tokens: 1003,
      completion_tokens_details: { reasoning_tokens: 1000 },
    },
  });
  const aloud = event({ choices: [{ index: 0, delta: { reasoning_content: 'Hm.' } }] });
  const gateway = await aiGateway([await threeWords(usage), await threeWords(usage, aloud)]);

  const silent = await lineOf(gateway, await chat(gateway, hello(true)));
  const heard = await lineOf(gateway, await chat(gateway, { ...hello(true), model: 'backup-1' }));

  // Three tokens in two gaps; a thousand more of what was heard.
  expect(silent.ms_per_token).toBeGreaterThanOrEqual(Number(silent.longest_gap_ms) / 2 - 0.001);
  expect(heard.ms_per_token).toBeLessThanOrEqual((2 * Number(heard.longest_gap_ms)) / 1002 + 0.001);
});

it('a turn that is given again is no rule’s', async () => {
  const gateway = await aiGateway([await answers(whole({ content: 'Hello' }))], {
    context: { enabled: true },
  });
  const headers = { 'x-session-id': 's1', 'idempotency-key': 'k1' };

  await chat(gateway, hello(), headers);
  const again = await chat(gateway, hello(), headers);

  expect(again.headers['x-context-status']).toBe('replay');
  expect(await lineOf(gateway, again)).toMatchObject({ outcome: 'complete' });
});
