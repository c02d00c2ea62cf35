// "The bot asks again for the account number that I gave before": two requests at once, and the later write wins.
import { expect, it } from 'vitest';
import { openStore } from '../../src/stores/index.ts';
import { aiGateway, type ChatAnswer, chat } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const user = (content: string) => ({ role: 'user', content });
const said = ({ body }: ChatAnswer): string =>
  (JSON.parse(body.toString()) as { choices: { message: { content: string } }[] }).choices[0]?.message
    .content ?? '';

it('with a store in which the last write wins it does; with ours it does not', async () => {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true } });
  const store = await openStore('memory:');
  // A bot as the field builds it: reads the conversation, asks, and writes all of it back.
  const lastWriteWins = async (content: string) => {
    const before = (await store.documents.get<object[]>('chats', 'c1'))?.value ?? [];
    const messages = [...before, user(content)];
    const answer = await chat(gateway, { model: 'smart', messages });
    await store.documents.put('chats', 'c1', [...messages, { role: 'assistant', content: said(answer) }]);
    return said(answer);
  };
  const ours = async (content: string) =>
    said(await chat(gateway, { model: 'smart', messages: [user(content)] }, { 'x-session-id': 'c1' }));
  const conversation = async (say: (content: string) => Promise<string>) => {
    const held = provider.hold('One moment');
    const slow = say('One moment, please.');
    await held.came;
    await say('My account number is 4711.');
    held.go();
    await slow;
    return say('What is my account number?');
  };
  expect(await conversation(lastWriteWins)).toBe('Please tell me your account number.');
  expect(await conversation(ours)).toBe('It is 4711.');
  await store.close();
});
