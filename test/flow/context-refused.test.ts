// A first call that is refused before a model is asked has begun no conversation.
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway, errorOf, sdk } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { STORE_KINDS, STORE_URLS } from '../helpers/store-urls.ts';
import { S1, send, statusOf, user } from '../helpers/talk.ts';

it.each(STORE_KINDS)('in %s nothing is left of it; what was opened by hand stays', async (kind) => {
  const gateway = await aiGateway([await knowingProvider()], {
    store: { url: await STORE_URLS[kind](), timeout: '5s' },
    context: { enabled: true },
    policies: [{ 'deny-topics': { topics: [{ name: 'rival', words: ['Globex'] }] } }],
  } as object);
  const sessionsOf = async (who: string): Promise<string[]> => {
    const { body } = await admin(gateway, `/api/sessions?consumer=app${who}`);
    return (body.items as { id: string }[]).map(({ id }) => id);
  };
  const ask = (content: string, headers: Record<string, string> = S1) =>
    send(gateway, [user(content)], headers, { user: 'ann' });

  const refused = await ask('What of Globex?', { ...S1, 'idempotency-key': 'k1' });
  expect(errorOf(refused)).toMatchObject({ code: 'content_filtered' });
  expect(await eventually(async () => (await sessionsOf('')).length === 0)).toBe(true);
  expect(await sessionsOf('&user=ann')).toEqual([]);
  expect((await admin(gateway, '/api/sessions/s1?consumer=app')).status).toBe(404);

  expect(statusOf(await ask('Hello.', { ...S1, 'idempotency-key': 'k1' }))).toEqual([200, 'new']);
  await ask('And Globex?');
  expect(statusOf(await ask('Well?')), 'one that has begun goes on').toEqual([200, 'hit']);

  const { conversations, responses } = sdk(gateway);
  const { id } = await conversations.create();
  const said = { model: 'smart', input: 'What of Globex?', conversation: id };
  await expect(responses.create(said)).rejects.toMatchObject({ code: 'content_filtered' });
  expect((await conversations.retrieve(id)).id).toBe(id);
  expect(await sessionsOf('&user=ann')).toEqual(['s1']);
});
