// Two workers keep one conversation: whoever answers knows what was said to the other, until it is erased for both.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { CLIENT_KEY, chat } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { gatewayProcess } from '../helpers/gateway-process.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';

const sha256 = createHash('sha256').update(CLIENT_KEY).digest('hex');

it('a conversation goes on in whichever worker, once each, and what its users complain of is counted in one place', async () => {
  const provider = await knowingProvider();
  const gateway = await gatewayProcess({
    server: { workers: 2 },
    hypercare: { enabled: true },
    consumers: [{ name: 'app', keys: [{ id: 'k1', sha256 }] }],
    context: { enabled: true, compaction: { window: 1200, verbatimTurns: 2 } },
    ai: {
      policies: [{ 'auth-api-key': {} }],
      providers: { p0: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKey: 'none' } },
      models: { smart: { targets: [{ provider: 'p0', model: 'm' }] } },
    },
  } as Record<string, object>);
  // A connection each: the kernel gives them to either worker.
  const say = (content: string, key = '', session = 's1') =>
    chat(
      gateway,
      { model: 'smart', max_tokens: 100, messages: [{ role: 'user', content }] },
      { 'x-session-id': session, ...(key && { 'idempotency-key': key }) },
    );
  const isKnown = async (): Promise<boolean> =>
    (await say('What is my account number?')).body.includes('It is 4711.');
  await say('My account number is 4711.', 'first');
  const turns = Array.from({ length: 24 }, (_, at) => `Topic ${at}: ${'words of no weight '.repeat(8)}`);
  await Promise.all(turns.slice(0, 12).map((content, at) => say(content, `k${at}`)));
  for (const content of turns.slice(12)) expect((await say(content)).status).toBe(200);
  for (let ask = 0; ask < 6; ask++) expect(await isKnown()).toBe(true);
  const again = await Promise.all(turns.slice(0, 6).map((content, at) => say(content, `k${at}`)));
  expect(again.map(({ headers }) => headers['x-context-status'])).toEqual(again.map(() => 'replay'));
  const shown = (await gateway.admin('/api/sessions/s1?consumer=app')).body as {
    version: number;
    epoch: number;
  };
  expect(shown.version).toBe(1 + 24 + 6);
  expect(shown.epoch).toBeGreaterThan(0);
  for (let at = 0; at < 6; at++) {
    await say('My account number is 4711-0815.', '', `c${at}`);
    await say('I already told you my account number!', '', `c${at}`);
  }
  const complaints = () => gateway.metric('gateway_context_turns_total', 'event="complaint"');
  await eventually(async () => (await complaints()) === 6);
  const erased = await fetch(`${gateway.adminUrl}/api/sessions/s1?consumer=app`, { method: 'DELETE' });
  expect(erased.status).toBe(200);
  const before = provider.prompts.length;
  for (let ask = 0; ask < 6; ask++) expect(await isKnown()).toBe(false);
  expect(JSON.stringify(provider.prompts.slice(before))).not.toContain('4711');
});
