// What is personal is taken out of a conversation before it is stored: every kind that guards know, and those of the config's own.
import { expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../src/stores/index.ts';
import { aiGateway, sdk } from '../helpers/ai.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { PATIENT_MS } from '../helpers/redis-store.ts';
import { STORE_KINDS, STORE_URLS } from '../helpers/store-urls.ts';
import { send, user } from '../helpers/talk.ts';

it.each(STORE_KINDS)('in %s: addresses of machines, and what a pattern finds', async (kind) => {
  const url = await STORE_URLS[kind]();
  const provider = await knowingProvider();
  const privacy = { redact: ['ip', 'email'], patterns: { ticket: 'T-\\d{6}', name: '(?i:ada +lovelace)' } };
  const gateway = await aiGateway([provider], {
    store: { url, timeout: '5s' },
    context: { enabled: true, privacy },
  } as object);
  const said = 'I am Ada Lovelace, ada@example.com, at 192.168.1.254, about T-471108 and T-47.';
  const stored = 'I am [NAME], [EMAIL], at [IP], about [TICKET] and T-47.';
  await send(gateway, [user(said)]);
  await send(gateway, [user('And now?')]);
  expect(provider.prompts[0], 'in its own turn').toEqual([user(said)]);
  expect(provider.prompts[1]?.[0], 'from then on').toEqual(user(stored));
  const { metadata } = await sdk(gateway).conversations.create({ metadata: { about: 'T-471108' } });
  expect(metadata).toEqual({ about: '[TICKET]' });

  const store = await openStore(url, { commandTimeoutMs: PATIENT_MS });
  onTestFinished(() => store.close());
  const view = await store.sessions.read({ tenant: 'app', session: 's1' });
  expect(JSON.parse(view?.turns[0]?.content ?? '{}')).toMatchObject({
    messages: [{ role: 'user', content: [{ text: stored }] }, { role: 'assistant' }],
  });
});
