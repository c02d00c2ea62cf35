// A provider is asked in its own words, also in those that no other would understand: what only measures a call, or reads its
// answer, refuses none of them.
import { expect, it } from 'vitest';
import {
  aiGateway,
  chat,
  DONE,
  errorOf,
  event,
  lineOf,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
} from '../helpers/ai.ts';

const user = { role: 'user', content: 'Hi' };
const call = { id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } };
const OWN: [string, object][] = [
  ['Mistral’s tool_choice', { messages: [user], tool_choice: 'any' }],
  ['the result of a function', { messages: [user, { role: 'function', name: 'look', content: 'a cat' }] }],
  [
    'the result of a tool without an id',
    { messages: [user, { role: 'assistant', tool_calls: [call] }, { role: 'tool', content: 'a cat' }] },
  ],
];

const provider = () =>
  rawProvider((response, { body }) => {
    if (JSON.parse(String(body)).stream !== true)
      return void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"choices":[{"message":{"content":"of x@example.net"},"finish_reason":"stop"}]}');
    const said = event({ choices: [{ index: 0, delta: { content: 'of x@example.net' } }] });
    response.writeHead(200, STREAM_HEADERS).end(`${ROLE}${said}${STOP}${DONE}`);
  });

it.each(OWN)('with a model context, outside of any conversation: %s', async (_, own) => {
  const service = await provider();
  const gateway = await aiGateway([service], { context: { enabled: true } });
  const asked = { model: 'gpt-4o-mini', ...own };
  const models = { 'gpt-4o-mini': { targets: [{ provider: 'p0', model: 'gpt-4o-mini' }] } };
  expect((await chat(gateway, { ...asked, model: 'smart' })).status).toBe(200);
  const same = await aiGateway([service], { context: { enabled: true }, models });
  expect((await chat(same, asked)).status).toBe(200);
  expect(JSON.parse(String(service.taken[1]?.body))).toEqual(asked);
});

it.each(OWN)('before guards of its answer, whole and as a stream: %s', async (_, own) => {
  const gateway = await aiGateway([await provider()], { policies: [{ redact: {} }] });
  for (const stream of [false, true]) {
    const answer = await chat(gateway, { model: 'smart', stream, ...own });
    expect([answer.status, answer.body.toString()]).toEqual([200, expect.stringContaining('[EMAIL]')]);
    expect(answer.body.toString()).not.toContain('x@example.net');
  }
});

it('a translation still refuses them, by their names', async () => {
  const service = await provider();
  const gateway = await aiGateway([{ kind: 'gemini', baseUrl: service.url }], { context: { enabled: true } });
  const params = [];
  for (const [, own] of OWN) {
    const answer = await chat(gateway, { model: 'smart', ...own });
    params.push([answer.status, errorOf(answer).param]);
  }
  expect(params).toEqual([
    [400, 'tool_choice'],
    [400, 'messages[1].role'],
    [400, 'messages[2].tool_call_id'],
  ]);
  expect(service.taken).toHaveLength(0);
});

/** Calls a function, in a stream with its arguments in two pieces. */
const calling = (args: string) =>
  rawProvider((response, { body }) => {
    const call = { name: 'write', arguments: args };
    if (JSON.parse(String(body)).stream !== true)
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          choices: [{ message: { content: null, function_call: call }, finish_reason: 'function_call' }],
        }),
      );
    const say = (delta: object, finish_reason: string | null = null) =>
      event({ choices: [{ index: 0, delta, finish_reason }] });
    const pieces = [
      { ...call, arguments: '' },
      { arguments: args.slice(0, 9) },
      { arguments: args.slice(9) },
    ].map((piece) => say({ function_call: piece }));
    response
      .writeHead(200, STREAM_HEADERS)
      .end(`${ROLE}${pieces.join('')}${say({}, 'function_call')}${DONE}`);
  });

it('guards read a call in the API’s former words, and it is written in those again', async () => {
  const gateway = await aiGateway([await calling('{"to":"[EMAIL_1]"}')], { policies: [{ redact: {} }] });
  const asked = {
    model: 'smart',
    messages: [{ role: 'user', content: 'Write to ada@example.com' }],
    functions: [{ name: 'write' }],
  };
  const written = { name: 'write', arguments: '{"to":"ada@example.com"}' };
  const whole = JSON.parse((await chat(gateway, asked)).body.toString()).choices[0];
  expect([whole.message.function_call, whole.message.tool_calls, whole.finish_reason]).toEqual([
    written,
    undefined,
    'function_call',
  ]);
  const stream = (await chat(gateway, { ...asked, stream: true })).body.toString();
  const choices = [...stream.matchAll(/^data: (\{.*)$/gm)].map(
    ([, data]) => JSON.parse(String(data)).choices[0],
  );
  const calls = choices.flatMap(({ delta }) => delta.function_call ?? []);
  expect({ name: calls[0]?.name, arguments: calls.map((call) => call.arguments).join('') }).toEqual(written);
  expect(choices.at(-1).finish_reason).toBe('function_call');
});

it('and end it where it says what is forbidden', async () => {
  const policies = [{ 'deny-topics': { topics: [{ name: 'secret', words: ['swordfish'] }] } }];
  const gateway = await aiGateway([await calling('{"word":"swordfish"}')], { policies });
  for (const stream of [false, true]) {
    const asked = { model: 'smart', stream, messages: [user], functions: [{ name: 'write' }] };
    const answer = await chat(gateway, asked);
    expect(answer.body.toString()).not.toContain('swordfish');
    expect(await lineOf(gateway, answer)).toMatchObject({ reason: 'content_filtered', outcome: 'filtered' });
  }
});
