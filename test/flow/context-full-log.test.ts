// A client that sends all of the conversation each time is looked after like one that sends only what is new.
import type OpenAI from 'openai';
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, CLIENT_KEY, chat, sdk } from '../helpers/ai.ts';
import { eventually, type TestGateway } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { checkPairs } from './context-invariants.ts';
import type { Prompt } from './context-shown.ts';

type Log = OpenAI.ChatCompletionMessageParam[];
const words = 'words of no weight '.repeat(8);

/** Says it with all that was said before, as chat clients do; the log grows by it and by the answer. */
async function say(gateway: TestGateway, log: Log, content: string): Promise<string> {
  log.push({ role: 'user', content });
  const answer = await sdk(gateway).chat.completions.create(
    { model: 'smart', max_tokens: 200, messages: log },
    { headers: { 'x-session-id': 's1' } },
  );
  const said = answer.choices[0]?.message.content ?? '';
  log.push({ role: 'assistant', content: said });
  return said;
}

it('its prompts are compacted, and the first fact is still known', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true, compaction: { window: 1500 } } });
  const log: Log = [{ role: 'system', content: 'Be brief.' }];
  await say(gateway, log, 'My account number is 4711.');
  for (let turn = 2; turn <= 40; turn++) await say(gateway, log, `Tell me about topic ${turn}. ${words}`);
  await eventually(
    async () => (await gateway.metric('gateway_context_compactions_total', { outcome: 'by_facts' })) >= 1,
  );
  const compacted = gateway.lines.find(
    (line) => (line.context as { op?: string } | undefined)?.op === 'compact',
  );
  expect(compacted?.context).toMatchObject({ tenant: 'app', session: 's1', outcome: 'by_facts' });
  const sizes = provider.prompts.map((prompt) => JSON.stringify(prompt).length / 4);
  expect(Math.max(...sizes)).toBeLessThan(1500);
  expect(provider.prompts.at(-1)?.[0]).toEqual({ role: 'system', content: 'Be brief.' });
  expect(await say(gateway, log, 'What is my account number?')).toBe('It is 4711.');
});

it('what does not fit before it could be compacted is cut, and what is asked for recalled', async () => {
  const provider = await knowingProvider();
  // Nothing is ever due: a summary would come too late.
  const compaction = { window: 2500, trigger: '100%', target: '90%' };
  const gateway = await aiGateway([provider], { context: { enabled: true, compaction } });
  const log: Log = [];
  await say(gateway, log, 'My account number is 4711.');
  for (let turn = 2; turn <= 5; turn++) await say(gateway, log, `Topic ${turn}: ${words.repeat(8)}`);
  expect(provider.prompts.at(-1)?.length).toBe(9);
  for (let turn = 6; turn <= 9; turn++) await say(gateway, log, `Topic ${turn}: ${words.repeat(8)}`);
  expect(Math.max(...provider.prompts.map((prompt) => JSON.stringify(prompt).length / 4))).toBeLessThan(2500);
  expect(await say(gateway, log, 'What is my account number?')).toBe('It is 4711.');
});

it('a log that is met too long is cut between its exchanges, with calls and results together, and what is asked for recalled', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true, compaction: { window: 2500 } } });
  const call = { id: 'call_1', type: 'function' as const, function: { name: 'look', arguments: '{}' } };
  const log: Log = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'My account number is 4711.' },
    { role: 'assistant', content: 'I see.' },
  ];
  for (let turn = 2; turn <= 20; turn++)
    log.push(
      { role: 'user', content: `Topic ${turn}: ${words.repeat(4)}` },
      { role: 'assistant', tool_calls: [{ ...call, id: `call_${turn}` }] },
      { role: 'tool', tool_call_id: `call_${turn}`, content: words },
      { role: 'assistant', content: 'Well.' },
    );
  const all = log.length;
  expect(await say(gateway, log, 'What is my account number?')).toBe('It is 4711.');
  const [prompt = []] = provider.prompts;
  // Without what JSON adds to it.
  const sizeOf = (sent: Prompt = []) =>
    sent.reduce((sum, { content }) => sum + String(content ?? '').length / 4, 0);
  expect(sizeOf(prompt)).toBeLessThan(2300);
  expect(prompt[0]).toEqual({ role: 'system', content: 'Be brief.' });
  expect(prompt[1]?.role).toBe('user');
  checkPairs(prompt);
  // What was cut is remembered all the same, and the journey says how much that was.
  const { body } = await admin(gateway, '/api/sessions/s1/export?consumer=app');
  const [turn] = body.turns as { journey: { unsent: number }; content: { messages: unknown[] } }[];
  expect(turn?.content.messages).toHaveLength(all + 1);
  expect(turn?.journey.unsent).toBe(all + 1 - prompt.length);
  expect(await say(gateway, log, 'Once more: what is my account number?')).toBe('It is 4711.');
  expect(sizeOf(provider.prompts.at(-1))).toBeLessThan(2300);
});

it.each([
  ['chat completions', '/v1/chat/completions'],
  ['messages', '/v1/messages'],
])('in %s it is known for what it is, however it goes on', async (_, path) => {
  const gateway = await aiGateway([await knowingProvider()], { context: { enabled: true } });
  const log: { role: string; content: unknown }[] = [];
  const tell = async (content: string, session = 's1') => {
    log.push({ role: 'user', content });
    const body = { model: 'smart', max_tokens: 200, messages: log };
    const answer = await chat(gateway, body, { 'x-session-id': session }, path);
    const said = JSON.parse(answer.body.toString()) as {
      content?: [{ text: string }];
      choices?: [{ message: { content: string } }];
    };
    log.push({ role: 'assistant', content: said.content?.[0].text ?? said.choices?.[0].message.content });
    return answer.headers['x-context-status'];
  };
  expect(await tell('one')).toBe('new');
  for (const content of ['two', 'three', 'four']) expect(await tell(content)).toBe('hit');
  // Words that the assistant has not said.
  log[log.length - 1] = { role: 'assistant', content: 'I have read nothing.' };
  expect(await tell('five')).toBe('forked');
  expect(await tell('six')).toBe('hit');
  log[0] = { role: 'user', content: 'One' };
  expect(await tell('seven')).toBe('forked');
  expect(await tell('eight')).toBe('hit');
  // Another conversation begins so.
  expect(await tell('nine', 's2')).toBe('new');
  log.splice(-2);
  await admin(gateway, '/api/sessions/s1?consumer=app', { method: 'DELETE' });
  expect(await tell('nine')).toBe('reset');
  expect(await tell('ten')).toBe('hit');
  const { body } = await admin(gateway, '/api/sessions/s1?consumer=app');
  expect(body).toMatchObject({ version: 2, count: log.length });
  expect((body.turns as { content: { messages: unknown[] } }[])[1]?.content.messages).toHaveLength(2);
});

it('a client that shows its own last words otherwise the next time is stored twice, not anew at every turn', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const log: Log = [];
  for (let turn = 1; turn <= 30; turn++) {
    await say(gateway, log, `Looked up for it: nothing. Question ${turn}: ${words}`);
    log[log.length - 2] = { role: 'user', content: `Question ${turn}: ${words}` };
  }
  expect(provider.prompts.at(-1)).toHaveLength(59);
  const { body } = await admin(gateway, '/api/sessions/s1/export?consumer=app');
  const turns = body.turns as { content: { messages: { content: { text: string }[] }[] } }[];
  const texts = turns.flatMap(({ content }) => content.messages.flatMap((message) => message.content));
  const stored = texts.reduce((sum, { text }) => sum + text.length, 0);
  expect(stored).toBeLessThan(3 * log.reduce((sum, { content }) => sum + String(content).length, 0));
  // What a stream says beforehand of its version holds.
  const messages = [...log, { role: 'user', content: 'And now?' }];
  const answer = await chat(
    gateway,
    { model: 'smart', stream: true, max_tokens: 200, messages },
    { 'x-session-id': 's1' },
  );
  expect([answer.headers['x-context-status'], answer.headers['x-context-version']]).toEqual(['forked', '61']);
  expect(answer.trailers?.['x-context-version']).toBe('61');
});

it('its turns are measured against all that was said', async () => {
  const gateway = await aiGateway([await knowingProvider()], { context: { enabled: true } });
  const log: Log = [];
  await say(gateway, log, 'My account number is 4711.');
  await say(gateway, log, 'What is my account number?');
  const ratio = (kind: string) => gateway.metric('gateway_context_quality_ratio_count', { measure: kind });
  await eventually(async () => (await ratio('recall')) >= 1);
  expect(await gateway.metric('gateway_context_quality_ratio_sum', { measure: 'recall' })).toBe(1);
});

it.each([
  ['fits', 0],
  ['does not fit', 2500],
])('a log that is met whole, and %s, is measured by what is said now, against what was said before', async (_, window) => {
  const gateway = await aiGateway([await knowingProvider()], {
    context: { enabled: true, compaction: { window } },
  });
  const log: Log = [{ role: 'user', content: 'My account number is 4711.' }];
  for (let turn = 2; turn <= 6; turn++)
    log.push({ role: 'assistant', content: 'I see.' }, { role: 'user', content: words.repeat(20) });
  log.push({ role: 'assistant', content: 'Noted.' });
  expect(await say(gateway, log, 'I already told you. What is my account number?')).toBe('It is 4711.');
  const quality = (part: string) =>
    gateway.metric(`gateway_context_quality_ratio_${part}`, { measure: 'recall' });
  await eventually(async () => (await quality('count')) >= 1);
  expect(await quality('sum')).toBe(1);
  expect(await gateway.metric('gateway_context_turns_total', { event: 'complaint' })).toBe(1);
});

it('a person’s correction reaches the model in the place of what the client still has', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const log: Log = [];
  await say(gateway, log, 'Is my account open?');
  const { body } = await admin(gateway, '/api/sessions/s1?consumer=app');
  const [turn] = body.turns as { id: string }[];
  const correct = (text: string) =>
    admin(gateway, '/api/sessions/s1/corrections?consumer=app', {
      method: 'POST',
      body: { turn: turn?.id, text, reason: 'it is' },
    });
  await correct('Your account is closed.');
  await say(gateway, log, 'And now?');
  expect(provider.prompts.at(-1)?.map(({ content }) => content)).toEqual([
    'Is my account open?',
    'Your account is closed.',
    'And now?',
  ]);
  await say(gateway, log, 'Still?');
  expect(provider.prompts.at(-1)?.[1]?.content).toBe('Your account is closed.');
  // The client goes back to before it was corrected once more.
  await correct('Your account is closed for good.');
  log.splice(2);
  await say(gateway, log, 'Or now?');
  expect(provider.prompts.at(-1)?.map(({ content }) => content)).toEqual([
    'Is my account open?',
    'Your account is closed for good.',
    'Or now?',
  ]);
});

it('a correction of words that the client has edited away is none of what it says now', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  await say(gateway, [], 'Is my account open?');
  const log: Log = [{ role: 'user', content: 'Hello.' }];
  log.push({ role: 'assistant', content: 'Good day.' });
  await say(gateway, log, 'What can you do?');
  const { body } = await admin(gateway, '/api/sessions/s1?consumer=app');
  const [first] = body.turns as { id: string }[];
  const correction = { turn: first?.id, text: 'Your account is closed.', reason: 'it is' };
  await admin(gateway, '/api/sessions/s1/corrections?consumer=app', { body: correction });
  const before = log.map(({ content }) => content);
  await say(gateway, log, 'And now?');
  expect(provider.prompts.at(-1)?.map(({ content }) => content)).toEqual([...before, 'And now?']);
  const next = { model: 'smart', messages: [{ role: 'user', content: 'Still?' }] };
  await chat(gateway, next, { 'x-session-id': 's1' });
  const after = log.map(({ content }) => content);
  expect(provider.prompts.at(-1)?.map(({ content }) => content)).toEqual([...after, 'Still?']);
});

it.each([
  ['the call', 1],
  ['what was said before it', 0],
])('results come for a call after a person has corrected %s', async (_, which) => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const log: Log = [];
  const tell = async (message: Log[number]) => {
    log.push(message);
    const { choices } = await sdk(gateway).chat.completions.create(
      { model: 'smart', messages: log },
      { headers: { 'x-session-id': 's1' } },
    );
    log.push(choices[0]?.message as Log[number]);
  };
  await tell({ role: 'user', content: 'Hello.' });
  await tell({ role: 'user', content: 'How is the weather?' });
  const { body } = await admin(gateway, '/api/sessions/s1?consumer=app');
  const turn = (body.turns as { id: string }[])[which]?.id;
  const correction = { turn, text: 'Put right.', reason: 'a slip' };
  await admin(gateway, '/api/sessions/s1/corrections?consumer=app', { body: correction });
  await tell({ role: 'tool', tool_call_id: 'call_1', content: 'sunny' });
  expect(log.at(-1)?.content).toBe('It is sunny.');
  await tell({ role: 'user', content: 'And now?' });
  for (const prompt of provider.prompts) checkPairs(prompt);
  const last = provider.prompts
    .at(-1)
    ?.flatMap(({ role, content }) => (content ? `${role}: ${content}` : []));
  expect(last).toContain('assistant: Put right.');
  expect(last?.slice(-3)).toEqual(['tool: sunny', 'assistant: It is sunny.', 'user: And now?']);
});

it('what can’t be read in the log of a conversation that is known is refused, holds nobody up, and begins none', async () => {
  const context = { enabled: true, onConflict: 'reject' };
  const gateway = await aiGateway([await knowingProvider()], { context });
  const log: Log = [];
  await say(gateway, log, 'My account number is 4711.');
  await say(gateway, log, 'Is there anything else?');
  const tell = (messages: unknown[], session: string) =>
    chat(gateway, { model: 'smart', max_tokens: 200, messages }, { 'x-session-id': session });
  const unreadable = [...log, { role: 'user', content: [{ type: 'image_url', image_url: 7 }] }];
  for (const session of ['s1', 's2']) {
    const refused = await tell(unreadable, session);
    expect(refused.status).toBe(400);
    expect(JSON.parse(refused.body.toString())).toMatchObject({ error: { code: 'body_invalid' } });
  }
  expect((await admin(gateway, '/api/sessions/s2?consumer=app')).status).toBe(404);
  expect(await say(gateway, log, 'What is my account number?')).toBe('It is 4711.');
  expect((await admin(gateway, '/api/sessions/s1?consumer=app')).body.version).toBe(3);
});

it('rounds of tools are counted over all of it, though only its end is read', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], {
    ...{ context: { enabled: true }, ai: { loops: { maxDepth: 3, per: '1h' } } },
  });
  const tool = { type: 'function', function: { name: 'look', arguments: '{}' } };
  const messages: object[] = [{ role: 'user', content: 'Look.' }];
  const statuses: number[] = [];
  for (let round = 0; round < 5; round++) {
    statuses.push((await chat(gateway, { model: 'smart', messages }, { 'x-session-id': 's1' })).status);
    const id = `call_${round}`;
    messages.push(
      { role: 'assistant', content: null, tool_calls: [{ id, ...tool }] },
      { role: 'tool', tool_call_id: id, content: 'Nothing.' },
    );
  }
  expect(statuses).toEqual([200, 200, 200, 200, 429]);
});

it('what its client wants otherwise from one turn to the next is heard, and what is wrong behind it refused', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const log: Log = [{ role: 'system', content: 'Be brief.' }];
  for (let turn = 1; turn <= 3; turn++) await say(gateway, log, `Topic ${turn}.`);
  const next = [...log, { role: 'user', content: 'And now?' }];
  const send = (body: string) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${CLIENT_KEY}`,
        'content-type': 'application/json',
        'x-session-id': 's1',
      },
      body,
    });
  const text = JSON.stringify({ model: 'smart', messages: next });
  const wrong = [
    text.replace(/\]\}$/, ',]}'),
    text.replace(/\}$/, ',"model":"other"}'),
    text.replace(/\}$/, ',"stream":"yes"}'),
    text.slice(0, -1),
  ];
  for (const body of wrong) expect((await send(body)).status).toBe(400);
  const streamed = await send(text.replace(/\}$/, ',"stream":true,"tools":[]}'));
  expect(streamed.headers.get('content-type')).toContain('text/event-stream');
  expect(await streamed.text()).toContain('[DONE]');
  // The model stands behind the list, and is another's name for it there.
  const last = await send(JSON.stringify({ messages: next, model: 'smart' }));
  expect(last.status).toBe(200);
  expect(provider.prompts.at(-1)).toEqual(next);
});
