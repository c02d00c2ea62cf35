// A key that comes again with another log is no repetition, though both end alike; one that comes again with its own always is.
import { expect, it } from 'vitest';
import { aiGateway, sdk } from '../helpers/ai.ts';
import { CALLS, knowingProvider } from '../helpers/knowing-provider.ts';
import { S1, said, send, statusOf, user } from '../helpers/talk.ts';

const [HIT, REPLAY, FORKED] = ['hit', 'replay', 'forked'].map((status) => [200, status]);
const ASKS = 'What is my account number?';

async function conversation(context = {}) {
  const provider = await knowingProvider();
  const gateway = await aiGateway([provider], { context: { enabled: true, ...context } });
  const keyed = async (key: string, messages: object[], more: Record<string, string> = {}) =>
    statusOf(await send(gateway, messages, { ...S1, 'idempotency-key': key, ...more }));
  const isOther = async (...asked: Parameters<typeof keyed>) =>
    expect(await keyed(...asked)).toEqual([422, undefined]);
  return { provider, gateway, keyed, isOther };
}

const begun = (name: string) => [
  user(`I am ${name}. My account number is 4711.`),
  said('I have read 1 messages.'),
];

it('another log that ends as the one with its key did is refused, an edited one as well', async () => {
  const { provider, gateway, keyed, isOther } = await conversation();
  const log = [...begun('Ann'), user(ASKS)];
  await send(gateway, log.slice(0, 1));
  expect([await keyed('k1', log), await keyed('k1', log)]).toEqual([HIT, REPLAY]);
  // Some cut off the white space around an answer, some bring it back.
  expect(await keyed('k1', [...log.slice(0, 1), said(' I have read 1 messages.\n'), user(ASKS)])).toEqual(
    REPLAY,
  );
  await isOther('k1', [...begun('Bob'), user(ASKS)]);
  await isOther('k1', [...log.slice(0, 2), ...log]);
  // Who sends only what is new leaves the rest to the gateway; who says that it is all means just that.
  expect(await keyed('k1', [user(ASKS)])).toEqual(REPLAY);
  await isOther('k1', [user(ASKS)], { 'x-context-mode': 'full' });
  const edited = [user('I am Eve.'), said('Hm.'), user('Who am I?'), said('Eve.'), user(ASKS)];
  expect([await keyed('k2', edited), await keyed('k2', edited)]).toEqual([FORKED, REPLAY]);
  await isOther('k2', [user('I am Mallory.'), ...edited.slice(1)]);
  await isOther('k2', log);
  expect(await keyed('k1', log)).toEqual(REPLAY);
  expect(provider.prompts).toHaveLength(3);
});

it('a log is known by its key though what is kept of it is redacted, or deleted since', async () => {
  const { provider, gateway, keyed, isOther } = await conversation({ privacy: { redact: ['email'] } });
  const log = [...begun('ann@example.com'), user(ASKS)];
  await send(gateway, log.slice(0, 1));
  expect([await keyed('k1', log), await keyed('k1', log)]).toEqual([HIT, REPLAY]);
  // What would be kept of this one is the same.
  await isOther('k1', [...begun('bob@example.com'), user(ASKS)]);
  const weather = [said('It is 4711.'), user('How is the weather?')];
  // As the gateway shows it.
  const shown = [...begun('[EMAIL]'), user(ASKS), ...weather];
  expect([await keyed('k2', shown), await keyed('k2', shown)]).toEqual([HIT, REPLAY]);
  const [call] = CALLS;
  const results = [
    ...[...log, ...weather],
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: call.id, content: 'known to carl@example.com' },
  ];
  // Of its answer the address is not kept.
  expect([await keyed('k3', results), await keyed('k3', results)]).toEqual([HIT, REPLAY]);
  await isOther('k3', [...begun('bob@example.com'), ...results.slice(2)]);
  const { items } = sdk(gateway).conversations;
  const [first] = (await items.list('s1', { order: 'asc' })).data;
  await items.delete(first?.id as string, { conversation_id: 's1' });
  for (const [key, messages] of [['k1', log] as const, ['k3', results] as const])
    expect(await keyed(key, messages)).toEqual(REPLAY);
  await isOther('k3', [...begun('bob@example.com'), ...results.slice(2)]);
  expect(provider.prompts).toHaveLength(4);
});

it('a log is known by its key though others have spoken at once', async () => {
  const { provider, gateway, keyed } = await conversation();
  const log = [user('I am Ann.'), said('I have read 1 messages.'), user('Who am I?')];
  await send(gateway, log.slice(0, 1));
  const held = provider.hold('Who am I?');
  const answering = keyed('k1', log);
  await held.came;
  await send(gateway, [user('I am Bob.')]);
  held.go();
  expect([await answering, await keyed('k1', log)]).toEqual([HIT, REPLAY]);
});
