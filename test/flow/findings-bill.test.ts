import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually } from '../helpers/gateway.ts';
import { tickedGateway } from '../helpers/ticks.ts';

const DAY_MS = 86_400_000;
/** A million tokens in, at a dollar a million. */
const ANSWER = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'small',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1_000_000, completion_tokens: 0, total_tokens: 1_000_000 },
});
const READER = 'a reader’s token, long enough'.replaceAll(/[^a-z]/g, '-');
const WRITER = 'a writer’s token, long enough'.replaceAll(/[^a-z]/g, '-');

it('an invoice that is not what the ledger says is a finding until one comes that is; who may only read makes none', async () => {
  const service = await backend((_, response) =>
    response.setHeader('content-type', 'application/json').end(ANSWER),
  );
  const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;
  const gateway = await tickedGateway(
    {
      admin: {
        tokens: [
          { name: 'reader', token: READER, rights: ['read'] },
          { name: 'writer', token: WRITER, rights: ['read', 'write'] },
        ],
      },
      ai: {
        providers: { primary: { kind: 'openai', baseUrl: `${service.url}/v1`, apiKey: 'none' } },
        models: { support: { targets: [{ provider: 'primary', model: 'small' }] } },
        prices: { 'primary/small': { input: 1, output: 1 } },
      },
    },
    { from: noon },
  );
  const chat = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'support', messages: [{ role: 'user', content: 'hello' }] }),
  });
  await chat.arrayBuffer();
  expect(chat.status).toBe(200);
  await eventually(async () => (await admin(gateway, '/api/usage', as(READER))).body.total.calls === 1);
  const day = new Date(noon).toISOString().slice(0, 10);
  const bill = async (token: string, usd: number) => {
    const csv = `day,model,usd\n${day},small,${usd}\n`;
    return (await admin(gateway, '/api/usage/reconcile', { ...as(token), body: { csv } })).body.bill;
  };
  const findings = async () => (await admin(gateway, '/api/findings', as(READER))).body.findings;
  const nothing = async (): Promise<void> => undefined;

  expect(await bill(READER, 1.1)).toEqual({
    provider: 'primary',
    ledgerUsd: expect.closeTo(1, 3),
    providerUsd: 1.1,
  });
  await gateway.pass(2, nothing);
  expect(await findings()).toEqual([]);

  await bill(WRITER, 1.1);
  const found = await gateway.until(async () => (await findings())[0], nothing, 20);
  expect(found).toMatchObject({
    detector: 'cost',
    reason: 'ledger_differs',
    where: { scopes: [{ provider: 'primary' }] },
    what: { unit: 'usd', observed: 1.1, expected: expect.closeTo(1, 3) },
  });
  await gateway.pass(60, nothing);
  expect((await findings())[0].state).toBe('open');

  await bill(WRITER, 1);
  await gateway.until(async () => (await findings())[0].state === 'expired', nothing, 40);
});
