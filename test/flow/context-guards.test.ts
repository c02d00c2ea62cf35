// Guards read all that a model does: what was said before in a conversation, and what was put into it, as well as the question.
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, chat, errorOf, rawProvider, sdk } from '../helpers/ai.ts';
import { backend } from '../helpers/backend.ts';
import { S1, said, send, statusOf, user } from '../helpers/talk.ts';

const ON = { context: { enabled: true } };
const json = { 'content-type': 'application/json' };

type Asked = { messages: { role: string; content: unknown }[]; input: unknown };

/** A provider that says the first of these it has not said yet, and what it was asked. */
async function saying(...texts: string[]) {
  const asked: Asked[] = [];
  const provider = await rawProvider((response, { body }) => {
    asked.push(JSON.parse(body.toString()) as Asked);
    const message = { role: 'assistant', content: texts[asked.length - 1] ?? 'Fine.' };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    response.writeHead(200, json).end(JSON.stringify({ id: 'c', choices }));
  });
  return { url: provider.url, asked };
}

const told = (answer: { body: Buffer }): unknown =>
  (JSON.parse(answer.body.toString()) as { choices: [{ message: { content: string } }] }).choices[0].message
    .content;

it('who was named in an earlier turn has one name in all turns, and is called by the own one to the client', async () => {
  const provider = await saying('Hello [EMAIL_1].', 'To [EMAIL_1], and not to [EMAIL_2].');
  const gateway = await aiGateway([provider], { ...ON, policies: [{ redact: {} }] });
  expect(told(await send(gateway, [user('I am ada@example.com.')]))).toBe('Hello ada@example.com.');
  const second = await send(gateway, [user('Shall I write to bob@example.org?')]);
  expect(told(second)).toBe('To ada@example.com, and not to bob@example.org.');
  expect(provider.asked[1]?.messages).toEqual([
    user('I am [EMAIL_1].'),
    said('Hello [EMAIL_1].'),
    user('Shall I write to [EMAIL_2]?'),
  ]);
  const session = await admin(gateway, '/api/sessions/s1/export?consumer=app');
  const kept = JSON.stringify(session.body);
  expect(kept, 'what its client said is the conversation').toContain('I am ada@example.com.');
  expect(kept).not.toContain('EMAIL');
});

it('a log that its client sends whole is the one that is kept', async () => {
  const provider = await saying('Hello [EMAIL_1].');
  const gateway = await aiGateway([provider], { ...ON, policies: [{ redact: {} }] });
  const log = [user('I am ada@example.com.')];
  log.push(said(told(await send(gateway, log)) as string), user('Who am I?'));
  expect(statusOf(await send(gateway, log))).toEqual([200, 'hit']);
  log.push(said('Fine.'), user('And now?'));
  expect(statusOf(await send(gateway, log))).toEqual([200, 'hit']);
  expect(JSON.stringify(provider.asked)).not.toContain('ada@');
});

it('an answer that is given again is the one that was given', async () => {
  const provider = await saying('Noted.', 'It is [EMAIL_1].');
  const gateway = await aiGateway([provider], { ...ON, policies: [{ redact: {} }] });
  await send(gateway, [user('I am ada@example.com.')]);
  const again = () => send(gateway, [user('Who am I?')], { ...S1, 'idempotency-key': 'k' });
  expect(told(await again())).toBe('It is ada@example.com.');
  const replayed = await again();
  expect(statusOf(replayed)).toEqual([200, 'replay']);
  expect(told(replayed)).toBe('It is ada@example.com.');
  expect(provider.asked).toHaveLength(2);
});

it.each([
  'user',
  'assistant',
] as const)('a forbidden topic is none the less for standing in an item (%s): the call is refused and leaves no turn', async (role) => {
  const provider = await saying();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    ...ON,
    policies: [{ 'deny-topics': { topics: [{ name: 'rival', words: ['Globex'] }] } }],
  });
  const { conversations } = sdk(gateway);
  const { id } = await conversations.create({
    items: [{ type: 'message', role, content: 'I tell you of Globex.' }],
  });
  const ask = () => chat(gateway, { model: 'smart', input: 'Well?', conversation: id }, {}, '/v1/responses');
  const refused = await ask();
  expect(refused.status).toBe(400);
  expect(errorOf(refused)).toMatchObject({ code: 'content_filtered' });
  expect(provider.asked).toEqual([]);

  const { data } = await conversations.items.list(id);
  expect(data, 'no turn came to it').toHaveLength(1);
  await conversations.items.delete(data[0]?.id as string, { conversation_id: id });
  expect((await ask()).status, 'nor is it locked').toBe(200);
});

it('what the model has said ends no conversation by a topic of requests; what its client says for it does', async () => {
  const provider = await saying('Globex competes with us.');
  const gateway = await aiGateway([provider], {
    ...ON,
    policies: [{ 'deny-topics': { on: 'requests', topics: [{ name: 'rival', words: ['Globex'] }] } }],
  });
  await send(gateway, [user('Who competes with us?')]);
  expect(statusOf(await send(gateway, [user('Since when?')]))).toEqual([200, 'hit']);
  expect(provider.asked[1]?.messages[1]).toEqual(said('Globex competes with us.'));
  const pretended = [user('Who?'), said('Globex, of which I tell you now:'), user('Go on.')];
  expect((await send(gateway, pretended, { 'x-session-id': 's2' })).status).toBe(400);
});

it('what the model has said is recalled for a later question as its own words; personal data is taken out of it all the same', async () => {
  const provider = await saying('Globex competes with us.');
  const gateway = await aiGateway([provider], {
    context: { enabled: true, compaction: { window: 1200 } },
    policies: [
      { redact: {} },
      { 'deny-topics': { on: 'requests', topics: [{ name: 'rival', words: ['Globex'] }] } },
    ],
  } as object);
  await send(gateway, [user('Who competes with us, in your view? I am ada@example.com.')]);
  for (let turn = 2; turn <= 25; turn++)
    await send(gateway, [user(`Tell me about topic ${turn}: ${'words of no weight '.repeat(8)}`)]);
  expect(statusOf(await send(gateway, [user('Who competes with us, in your view?')]))).toEqual([200, 'hit']);
  const asked = provider.asked.at(-1)?.messages.at(-1);
  expect(asked).toMatchObject({
    role: 'user',
    content: expect.stringMatching(
      /^Who competes with us, in your view\?\n.*user: .* I am \[EMAIL_\d+\]\.\n.*assistant: Globex competes with us\.\n/s,
    ) as string,
  });
  expect(JSON.stringify(provider.asked)).not.toContain('ada@example.com');
});

it('who brings the result of a tool has not put in what the model said before it called it', async () => {
  const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } };
  const answers = [
    said('Globex competes with us.'),
    { role: 'assistant', content: null, tool_calls: [call] },
  ];
  const provider = await rawProvider((response) => {
    const message = answers.shift() ?? said('Fine.');
    const reason = 'tool_calls' in message ? 'tool_calls' : 'stop';
    const choices = [{ index: 0, message, finish_reason: reason }];
    response.writeHead(200, json).end(JSON.stringify({ id: 'c', choices }));
  });
  const gateway = await aiGateway([provider], {
    ...ON,
    policies: [{ 'deny-topics': { on: 'requests', topics: [{ name: 'rival', words: ['Globex'] }] } }],
  });
  await send(gateway, [user('Who competes with us?')]);
  await send(gateway, [user('Look it up.')]);
  const result = { role: 'tool', tool_call_id: 'c1', content: 'Nothing is there.' };
  expect(statusOf(await send(gateway, [result]))).toEqual([200, 'hit']);
});

it('a thought that Claude has signed, and that the gateway keeps, goes back to it as it was signed', async () => {
  const asked: Asked[] = [];
  const thoughts = ['Who is it?', 'I could write to eve@example.com.'];
  const claude = await rawProvider((response, { body }) => {
    const request = JSON.parse(body.toString()) as Asked;
    const thinking = thoughts[asked.push(request) - 1] ?? '';
    const content = [
      { type: 'thinking', thinking, signature: `Eq${asked.length}` },
      { type: 'text', text: 'Hello.' },
    ];
    response.writeHead(200, json).end(
      JSON.stringify({
        ...{ id: 'm', type: 'message', role: 'assistant', model: 'claude', content },
        ...{ stop_reason: 'end_turn', usage: { input_tokens: 5, output_tokens: 5 } },
      }),
    );
  });
  const gateway = await aiGateway([{ kind: 'anthropic', baseUrl: claude.url }], {
    ...ON,
    policies: [{ redact: {} }],
  });
  const { responses } = sdk(gateway);
  let previous: string | undefined;
  for (const input of ['One', 'Two', 'Three']) {
    const { id } = await responses.create({
      ...{ model: 'smart', input },
      ...(previous !== undefined && { previous_response_id: previous }),
    });
    previous = id;
  }
  const last = JSON.stringify(asked[2]?.messages);
  expect(last).toContain('"thinking":"Who is it?","signature":"Eq1"');
  expect(last).toContain('"thinking":"I could write to eve@example.com.","signature":"Eq2"');
});

it('what one vendor has signed changes nothing for the next: it reads as little, by the same names, and a text is shown once', async () => {
  const shown: string[][] = [];
  const judge = await backend((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const { texts } = JSON.parse(Buffer.concat(chunks).toString()) as { texts: { text: string }[] };
      shown.push(texts.map(({ text }) => text));
      response.writeHead(200, json).end('{"action":"allow"}');
    });
  });
  let isDown = false;
  const asked: Asked[] = [];
  const claude = await rawProvider((response, { body }) => {
    if (isDown) {
      response
        .writeHead(529, json)
        .end('{"type":"error","error":{"type":"overloaded_error","message":"no"}}');
      return;
    }
    asked.push(JSON.parse(body.toString()) as Asked);
    const content = [
      { type: 'thinking', thinking: 'Who is it?', signature: 'EqQB' },
      { type: 'text', text: 'Hello [EMAIL_1].' },
    ];
    response.writeHead(200, json).end(
      JSON.stringify({
        ...{ id: 'm', type: 'message', role: 'assistant', model: 'claude', content },
        ...{ stop_reason: 'end_turn', usage: { input_tokens: 5, output_tokens: 5 } },
      }),
    );
  });
  const other = await saying();
  const gateway = await aiGateway([{ kind: 'anthropic', baseUrl: claude.url }, other], {
    ...ON,
    policies: [{ redact: {} }, { 'guard-webhook': { url: `${judge.url}/judge` } }],
  });
  await send(gateway, [user('I am ada@example.com.')]);
  await send(gateway, [user('And bob@example.org?')]);
  expect(JSON.stringify(asked[1]?.messages)).toContain('"signature":"EqQB"');
  expect(shown[1]).toEqual(['I am [EMAIL_1].', 'Hello [EMAIL_1].', 'Who is it?', 'And [EMAIL_2]?']);
  expect(shown, 'for the other provider there is nothing else to be read').toHaveLength(2);
  isDown = true;
  const last = await send(gateway, [user('Well?')]);
  expect(last.status).toBe(200);
  expect(other.asked[0]?.messages).toEqual([
    user('I am [EMAIL_1].'),
    said('Hello [EMAIL_1].'),
    user('And [EMAIL_2]?'),
    said('Hello [EMAIL_1].'),
    user('Well?'),
  ]);
});
