// People see, correct and erase what a conversation remembers; clients of OpenAI's API open and follow conversations.
import { expect, it } from 'vitest';
import {
  aiGateway,
  asAnthropic,
  chat,
  DONE,
  modelService,
  ROLE,
  rawProvider,
  STOP,
  STREAM_HEADERS,
  sdk,
  word,
} from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const ON = { context: { enabled: true } };
const ask = (content: string) => ({ model: 'smart', messages: [{ role: 'user', content }] });
const headers = { 'x-session-id': 's1' };

it('an operator finds a session, corrects what it said, and erases it', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], ON);
  const admin = async (path: string, method = 'GET', body?: object) => {
    const response = await fetch(`${gateway.adminUrl}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  await chat(gateway, ask('My account number is 4711.'), headers);
  expect((await admin('/api/sessions?consumer=app')).body).toMatchObject({
    items: [{ id: 's1', version: 1 }],
  });
  const { body } = await admin('/api/sessions/s1?consumer=app');
  const [turn] = body.turns as { id: string; content: unknown }[];
  expect(turn).toMatchObject({ version: 1, status: 'complete' });
  expect((await admin('/api/sessions/s1?consumer=other')).status).toBe(404);
  const correction = { turn: turn?.id, text: 'Your account is closed.', reason: 'it was' };
  const corrected = await admin('/api/sessions/s1/corrections?consumer=app', 'POST', correction);
  expect(corrected.body).toEqual({ version: 2 });
  await chat(gateway, ask('And now?'), headers);
  expect(provider.prompts.at(-1)?.map(({ content }) => content)).toEqual([
    'My account number is 4711.',
    'Your account is closed.',
    'And now?',
  ]);
  expect(JSON.stringify((await admin('/api/sessions/s1/export?consumer=app')).body)).toContain('4711');
  expect((await admin('/api/sessions/s1?consumer=app', 'DELETE')).body).toEqual({ erased: true });
  expect((await admin('/api/sessions/s1?consumer=app')).body).toMatchObject({ state: 'erased', turns: [] });
  const after = await chat(gateway, ask('What is my account number?'), headers);
  expect(after.headers['x-context-status']).toBe('reset');
  expect(after.body.toString()).toContain('Please tell me');
});

it('a conversation of OpenAI’s API takes one turn after the other', async () => {
  const gateway = await aiGateway([asAnthropic(await modelService())], ON);
  const client = sdk(gateway);
  const { id } = await client.conversations.create({ metadata: { topic: 'x' } });
  await client.responses.create({ model: 'smart', input: 'one', conversation: id });
  await client.responses.create({ model: 'smart', input: 'two', conversation: id });
  expect((await client.conversations.retrieve(id)).metadata).toEqual({ topic: 'x' });
  const roles: unknown[] = [];
  for await (const item of client.conversations.items.list(id, { order: 'asc', limit: 2 }))
    roles.push('role' in item && item.role);
  expect(roles).toEqual(['user', 'assistant', 'user', 'assistant']);
  await client.conversations.delete(id);
  await expect(client.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
});

it('what guards kept from the client is in no conversation either, whole and as a stream', async () => {
  const said = 'Write to ada@example.net about it.';
  const provider = await rawProvider((response, taken) => {
    if (JSON.parse(taken.body.toString()).stream) {
      response.writeHead(200, STREAM_HEADERS);
      response.end(`${ROLE}${word(said.slice(0, 15))}${word(said.slice(15))}${STOP}${DONE}`);
      return;
    }
    const message = { role: 'assistant', content: said };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ id: 'c1', choices: [{ index: 0, message, finish_reason: 'stop' }] }));
  });
  const gateway = await aiGateway([provider], { ...ON, policies: [{ redact: {} }] });
  for (const stream of [false, true]) {
    const session = { 'x-session-id': `guarded-${stream}` };
    const answer = await chat(gateway, { ...ask('Whom do I write to?'), stream }, session);
    expect(answer.body.toString()).not.toContain('ada@example.net');
    const exported = await fetch(`${gateway.adminUrl}/api/sessions/guarded-${stream}/export?consumer=app`);
    const text = await exported.text();
    expect(text).toContain('[EMAIL]');
    expect(text).not.toContain('ada@example.net');
  }
});
