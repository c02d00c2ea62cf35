// Applications pass on the id of what they were asked themselves, as meshes ask them to: all rounds of an agent have one.
import { expect, it } from 'vitest';
import { aiGateway, anthropicSdk, sdk } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const ON = { context: { enabled: true } };
const of = { headers: { 'x-request-id': 'one-and-the-same' } };

it('answers to calls of one request have items of their own, and each is deleted by its id', async () => {
  const provider = await knowingProvider();
  const { responses, conversations } = sdk(
    await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], ON),
  );
  const { id } = await conversations.create();
  const ask = (input: string) => responses.create({ model: 'smart', input, conversation: id }, of);
  const answers = [await ask('Hello.'), await ask('Hello again.')];
  const [first = '', second = ''] = answers.map(({ output }) => String(output[0]?.id));
  expect(second).not.toBe(first);
  const listed = async () => {
    const ids: string[] = [];
    for await (const item of conversations.items.list(id, { order: 'asc', limit: 1 }))
      ids.push(String(item.id));
    return ids;
  };
  const before = await listed();
  expect([before.length, before[1], before[3]]).toEqual([4, first, second]);

  await conversations.items.delete(second, { conversation_id: id });

  expect(await listed()).toEqual(before.slice(0, 3));
  const texts = answers.map(({ output_text: text }) => text);
  expect(texts[1]).not.toBe(texts[0]);
  expect(await conversations.items.retrieve(first, { conversation_id: id })).toMatchObject({
    content: [{ text: texts[0] }],
  });
});

it('an answer that is given again names its items as it did', async () => {
  const provider = await knowingProvider();
  const { responses, conversations } = sdk(
    await aiGateway([{ kind: 'deepseek', baseUrl: `${provider.url}/v1` }], ON),
  );
  const { id } = await conversations.create();
  const headers = { ...of.headers, 'idempotency-key': 'hello-1' };
  const ask = () => responses.create({ model: 'smart', input: 'Hello.', conversation: id }, { headers });
  const answer = await ask();
  expect((await ask()).output).toEqual(answer.output);
  expect((await responses.retrieve(answer.id)).output[0]?.id).toBe(answer.output[0]?.id);
});

it('nor have whole answers the same id where their provider gave none', async () => {
  const models = { written: { rules: [{ reply: 'Hello to you.' }] } };
  const gateway = await aiGateway([await knowingProvider()], { models });
  const messages = [{ role: 'user' as const, content: 'Hello.' }];
  const client = anthropicSdk(gateway);
  const say = () => client.messages.create({ model: 'written', max_tokens: 10, messages }, of);
  const chat = () => sdk(gateway).chat.completions.create({ model: 'written', messages }, of);
  const ids = [await say(), await say(), await chat(), await chat()].map((answer) => answer.id);
  expect(new Set(ids).size).toBe(4);
});
