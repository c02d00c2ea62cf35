// What is put into a conversation arrives, and the store does not say so: clients send it again, OpenAI's SDK by itself.
import OpenAI from 'openai';
import { expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../src/contracts/store.ts';
import { SqliteSessions } from '../../src/stores/sqlite/sessions.ts';
import { admin } from '../helpers/admin.ts';
import { aiGateway, CLIENT_KEY } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

/** An SDK that tries again, and a store that takes turns and does not say so, as often as is wanted. */
async function world() {
  const provider = await knowingProvider();
  const gateway = await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], {
    context: { enabled: true },
  });
  const { conversations, responses } = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: CLIENT_KEY });
  const { commit } = SqliteSessions.prototype;
  let silent = 0;
  const committing = vi.spyOn(SqliteSessions.prototype, 'commit');
  onTestFinished(() => committing.mockRestore());
  committing.mockImplementation(async function (this: SqliteSessions, ...given) {
    const committed = await commit.apply(this, given);
    if (silent-- > 0) throw new StoreUnavailable('no replica has it');
    return committed;
  });
  const staysSilent = (times: number): void => {
    silent = times;
  };
  const items = async (id: string) => (await conversations.items.list(id, { order: 'asc' })).data;
  return { gateway, conversations, responses, staysSilent, items };
}

const hello = { type: 'message', role: 'user', content: 'Hello.' } as const;

it('an item stands there once; what is said twice, twice', async () => {
  const { conversations, staysSilent, items } = await world();
  const { id } = await conversations.create();
  staysSilent(3);
  const put = await conversations.items.create(id, { items: [hello] });
  expect((await items(id)).map((item) => item.id)).toEqual(put.data.map((item) => item.id));
  await conversations.items.create(id, { items: [hello] });
  expect(await items(id)).toHaveLength(2);
});

it('who hears of one failure only hears nothing of it', async () => {
  const { conversations, staysSilent, items } = await world();
  const { id } = await conversations.create();
  staysSilent(1);
  await conversations.items.create(id, { items: [hello] }, { maxRetries: 0 });
  expect(await items(id)).toHaveLength(1);
});

it('what was deleted before it is said again is said anew', async () => {
  const { conversations, staysSilent, items } = await world();
  const { id } = await conversations.create();
  staysSilent(2);
  await expect(conversations.items.create(id, { items: [hello] }, { maxRetries: 0 })).rejects.toThrow('503');
  const [unheard] = await items(id);
  await conversations.items.delete(unheard?.id ?? '', { conversation_id: id });
  const { data } = await conversations.items.create(id, { items: [hello] });
  expect(data.map((item) => item.id)).not.toContain(unheard?.id);
  expect((await items(id)).map((item) => item.id)).toEqual(data.map((item) => item.id));
});

it('the result of a tool that is sent again stands there once, too, and is not refused as one of a call that has its result', async () => {
  const { conversations, responses, staysSilent, items } = await world();
  const { id } = await conversations.create();
  await responses.create({ model: 'smart', input: 'How is the weather?', conversation: id });
  staysSilent(3);
  await conversations.items.create(id, {
    items: [{ type: 'function_call_output', call_id: 'call_1', output: 'sunny' }],
  });
  expect((await items(id)).map(({ type }) => type)).toEqual([
    'message',
    'function_call',
    'function_call_output',
  ]);
});

it('a conversation that was opened with items is the one that its client is told of', async () => {
  const { gateway, conversations, staysSilent, items } = await world();
  staysSilent(3);
  const { id } = await conversations.create({ items: [hello], metadata: { topic: 'x' } });
  expect(await items(id)).toHaveLength(1);
  const listed = (await admin(gateway, '/api/sessions?consumer=app')).body.items as { id: string }[];
  expect(listed.map((each) => each.id)).toEqual([id]);
  expect((await conversations.create({ items: [hello], metadata: { topic: 'x' } })).id).not.toBe(id);
});

it('a correction is made once', async () => {
  const { gateway, conversations, staysSilent } = await world();
  const { id } = await conversations.create({
    items: [hello, { type: 'message', role: 'assistant', content: 'Good bye.' }],
  });
  const path = `/api/sessions/${id}`;
  const [turn] = (await admin(gateway, `${path}?consumer=app`)).body.turns as { id: string }[];
  const correct = () =>
    admin(gateway, `${path}/corrections?consumer=app`, {
      body: { turn: turn?.id, text: 'Hello to you.', reason: 'a slip' },
    });
  staysSilent(2);
  expect((await correct()).status).toBe(503);
  expect((await correct()).body).toEqual({ version: 2 });
  expect((await admin(gateway, `${path}?consumer=app`)).body.turns).toHaveLength(2);
});
