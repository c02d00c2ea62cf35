// Arguments of tools are JSON, and stay it, whatever guards take out of the strings in them.
import { expect, it } from 'vitest';
import {
  aiGateway,
  asAnthropic,
  chat,
  DONE,
  event,
  lineOf,
  ROLE,
  rawProvider,
  STREAM_HEADERS,
} from '../helpers/ai.ts';

/** An order's number that is a valid card's as well. */
const ORDER = 4539578763621486;
const json = { 'content-type': 'application/json' };
const redacting = { policies: [{ redact: {} }] };

const called = (args: string) => ({
  model: 'smart',
  messages: [
    { role: 'user', content: 'Where is my order? I am ada@example.com.' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'order', arguments: args } }],
    },
    { role: 'tool', tool_call_id: 'a', content: 'on its way' },
  ],
});
const message = { id: 'm', type: 'message', role: 'assistant', model: 'c', stop_reason: 'end_turn' };
const anthropicSays = JSON.stringify({
  ...message,
  content: [{ type: 'text', text: 'Soon.' }],
  usage: { input_tokens: 1, output_tokens: 1 },
});

it('a number that the model wrote before is no text: the call goes to every vendor', async () => {
  const provider = await rawProvider((response) => response.writeHead(200, json).end(anthropicSays));
  const gateway = await aiGateway([asAnthropic(provider)], redacting);

  const args = JSON.stringify({ order_id: ORDER, note: 'Hi,\nada@example.com' });
  const answer = await chat(gateway, called(args));

  expect(answer.status).toBe(200);
  const { messages } = JSON.parse(String(provider.taken[0]?.body));
  expect(messages[1].content[0]).toMatchObject({
    type: 'tool_use',
    input: { order_id: ORDER, note: 'Hi,\n[EMAIL_1]' },
  });
});

it.each<[string, string, string]>([
  [
    'numbers, names and a key that stands twice',
    `{"a": ${ORDER}, "n": 12345678901234567890, "a":"\\u0061da@example.com", "ada@example.com": [1.0, ""]}`,
    `{"a": ${ORDER}, "n": 12345678901234567890, "a":"[EMAIL_1]", "[EMAIL_1]": [1.0, ""]}`,
  ],
  ['what needs no change', '{ "a" : "\\u0061 \\/" }', '{ "a" : "\\u0061 \\/" }'],
  ['a list', '["x","ada@example.com"]', '["x","[EMAIL_1]"]'],
  ['what is no JSON', '{"to": ada@example.com', '{"to": [EMAIL_1]'],
])('the rest of it stays as it was written: %s', async (_, args, sent) => {
  const provider = await rawProvider((response) => response.writeHead(200, json).end('{"choices":[]}'));
  const gateway = await aiGateway([provider], redacting);
  await chat(gateway, called(args));
  const { messages } = JSON.parse(String(provider.taken[0]?.body));
  expect(messages[1].tool_calls[0].function.arguments).toBe(sent);
});

it.each([
  '{"to":["sword\\u0066ish"]}',
  '{"swordfish":1}',
  '[{"a":"the swordfish"}]',
])('a topic is found in what a string says: %s', async (args) => {
  const provider = await rawProvider((response) => response.writeHead(200, json).end('{"choices":[]}'));
  const gateway = await aiGateway([provider], {
    policies: [{ 'deny-topics': { topics: [{ name: 'fish', words: ['swordfish'] }] } }],
  });
  expect((await chat(gateway, called(args))).status).toBe(400);
});

const WRITTEN = `{"id":${ORDER},"all":[${ORDER}, 1],"of":"Hi,\\nx@example.net","to":"[EMAIL_1]","as":"\\u00e9"}`;
const READ = { id: ORDER, all: [ORDER, 1], of: 'Hi,\n[EMAIL]', to: 'ada@example.com', as: 'é' };
const ask = (stream: boolean) => ({
  ...{ model: 'smart', max_tokens: 99, stream },
  messages: [{ role: 'user', content: 'I am ada@example.com.' }],
});

/** Answers with a call of a tool: whole, or in pieces of so many characters. */
const calling = (args: string, size = args.length) =>
  rawProvider((response, { body }) => {
    const call = (text: string) => ({ index: 0, function: { name: 'order', arguments: text } });
    const first = { ...call(''), id: 'a', type: 'function' };
    const choice = (fields: object) => ({ choices: [{ index: 0, finish_reason: null, ...fields }] });
    if (!String(body).includes('"stream":true')) {
      const whole = { role: 'assistant', content: null, tool_calls: [{ ...first, ...call(args) }] };
      const answer = { id: 'c', vendor_field: 1, ...choice({ message: whole, finish_reason: 'tool_calls' }) };
      return response.writeHead(200, json).end(JSON.stringify(answer));
    }
    const pieces = args.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    const events = [first, ...pieces.map(call)].map((each) =>
      event(choice({ delta: { tool_calls: [each] } })),
    );
    const end = event(choice({ delta: {}, finish_reason: 'tool_calls' }));
    return response.writeHead(200, STREAM_HEADERS).end(`${ROLE}${events.join('')}${end}${DONE}`);
  });

it('a number that the model writes now is none either: clients can read the call', async () => {
  const gateway = await aiGateway([await calling(WRITTEN)], redacting);
  const whole = await chat(gateway, ask(false));
  const [choice] = JSON.parse(whole.body.toString()).choices;
  expect(JSON.parse(choice.message.tool_calls[0].function.arguments)).toEqual(READ);
  expect((await lineOf(gateway, whole)).guards).toEqual([
    'redact request changed email',
    'redact answer changed email',
  ]);

  const answer = await chat(gateway, ask(false), {}, '/v1/messages');
  expect(JSON.parse(answer.body.toString()).content).toMatchObject([{ type: 'tool_use', input: READ }]);
});

it.each([1, 2, 3, 5, 8, 500])('nor in a stream whose pieces are of %i characters', async (size) => {
  const gateway = await aiGateway([await calling(WRITTEN, size)], redacting);
  const { body } = await chat(gateway, ask(true));
  const pieces = [...body.toString().matchAll(/"arguments":("(?:[^"\\]|\\.)*")/g)];
  const args = pieces.map(([, text]) => JSON.parse(text as string) as string).join('');
  expect(JSON.parse(args)).toEqual(READ);
});

it('an answer whose arguments need no change goes on as the bytes that came', async () => {
  const args = `{"id": ${ORDER}, "as": "\\u00e9 \\/"}`;
  const provider = await calling(args);
  const gateway = await aiGateway([provider], redacting);
  const { body } = await chat(gateway, ask(false));
  expect(body.toString()).toContain('"vendor_field":1');
  expect(JSON.parse(body.toString()).choices[0].message.tool_calls[0].function.arguments).toBe(args);
});

it('arguments that are no JSON are read as the text that they are', async () => {
  const gateway = await aiGateway([await calling('to [EMAIL_1], of "x@example.net"')], redacting);
  const [choice] = JSON.parse((await chat(gateway, ask(false))).body.toString()).choices;
  expect(choice.message.tool_calls[0].function.arguments).toBe('to ada@example.com, of "[EMAIL]"');
});

it.each([
  '/v1/chat/completions',
  '/v1/messages',
  '/v1/responses',
])('of calls that are written side by side each is read as the one text that it is: %s', async (path) => {
  const delta = (call: object) => event({ choices: [{ index: 0, delta: { tool_calls: [call] } }] });
  const begun = (index: number, id: string) =>
    delta({ index, id, type: 'function', function: { name: id, arguments: '' } });
  const piece = (index: number, text: string) => delta({ index, function: { arguments: text } });
  const provider = await rawProvider((response) => {
    const calls = [
      begun(0, 'pay'),
      piece(0, '{"who":"[NICK_1]","card":"4111 1111 '),
      begun(1, 'tell'),
      piece(1, '{"who":"[NI'),
      piece(0, '1111 1111"}'),
      piece(1, 'CK_1]"}'),
    ].join('');
    const end = event({ choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] });
    response.writeHead(200, STREAM_HEADERS).end(`${ROLE}${calls}${end}${DONE}`);
  });
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    policies: [{ redact: { patterns: { nick: 'Ada "[a-z]+" L' } } }],
  });
  const said = 'I am Ada "countess" L.';
  const asked = path.endsWith('responses')
    ? { input: said }
    : { max_tokens: 99, messages: [{ role: 'user', content: said }] };

  const { body } = await chat(gateway, { model: 'smart', stream: true, ...asked }, {}, path);

  const who = 'Ada "countess" L';
  expect(argumentsIn(body.toString()).map((each) => JSON.parse(each))).toEqual([
    { who, card: '[CARD]' },
    { who },
  ]);
});

interface ChatPiece {
  index: number;
  function: { arguments?: string };
}

/** What each call of a stream came to, in whichever format. */
function argumentsIn(stream: string): string[] {
  const calls = new Map<unknown, string>();
  for (const [, data] of stream.matchAll(/^data: (\{.*)$/gm)) {
    const said = JSON.parse(data as string);
    const pieces = [
      [said.index, said.delta?.partial_json],
      [said.output_index, said.type === 'response.function_call_arguments.delta' ? said.delta : undefined],
      ...(said.choices?.[0]?.delta.tool_calls ?? []).map((call: ChatPiece) => [
        call.index,
        call.function.arguments,
      ]),
    ];
    for (const [at, text] of pieces) if (text !== undefined) calls.set(at, (calls.get(at) ?? '') + text);
  }
  return [...calls.values()];
}
