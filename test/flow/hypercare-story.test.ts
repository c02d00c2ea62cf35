import { expect, onTestFinished, test } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';

/** Requests of several consumers, until the test is over. */
function traffic(ask: (client: number) => Promise<Response>): void {
  let isOver = false;
  const clients = Array.from({ length: 4 }, async (_, client) => {
    while (!isOver) await (await ask(client)).arrayBuffer();
  });
  onTestFinished(async () => {
    isOver = true;
    await Promise.all(clients);
  });
}

test('a bad target is found, the offered patch takes it out, the traffic proves it, and it is remembered', async () => {
  let fails = false;
  const answer = (text: string, isBad: boolean) =>
    backend((_, response) => {
      response.statusCode = isBad && fails ? 500 : 200;
      response.end(text);
    });
  const targets = await Promise.all([answer('a', false), answer('b', true), answer('c', false)]);
  const gateway = await testGateway({
    hypercare: { tick: '100ms', confirm: '600ms' },
    upstreams: { shop: { targets: targets.map(({ url }) => ({ url })) } },
    routes: [{ name: 'shop', match: { path: '/shop/*' }, upstream: 'shop' }],
  });
  traffic((client) => fetch(`${gateway.url}/shop/x`, { headers: { 'x-user-id': `user-${client}` } }));
  await eventually(() => (gateway.engine?.status.lastTickAt ?? 0) > 0);
  fails = true;

  const finding = await eventually(async () => {
    const { body } = await admin(gateway, '/api/findings?state=active');
    return body.findings.find(({ actions }: { actions: unknown[] }) => actions.length > 0);
  }, 30_000);
  expect(finding).toMatchObject({
    detector: 'errors',
    where: { scopes: [{ target: targets[1]?.url }] },
    cause: { kind: 'target' },
  });
  expect(finding.sentence).toContain(targets[1]?.url);
  expect(finding.sentence).toMatch(/patch attached/);

  const path = `/api/findings/${finding.id}`;
  const { n } = finding.actions.find(({ dryRun }: { dryRun: { ok: boolean } }) => dryRun.ok);
  const applied = await admin(gateway, `${path}/actions/${n}/apply`, { method: 'POST' });
  expect(applied.status, JSON.stringify(applied.body)).toBe(200);
  const resolved = await eventually(async () => {
    const { body } = await admin(gateway, path);
    return body.state === 'resolved' && body;
  }, 60_000);
  expect(resolved.verification).toMatchObject({ state: 'fixed', action: n });
  expect(resolved.verification.total).toBeGreaterThan(0);
  const { body } = await admin(gateway, '/api/knowledge');
  expect(body.entries).toMatchObject([{ id: finding.id, cause: { kind: 'target' } }]);
  const answers = await Promise.all(Array.from({ length: 12 }, () => fetch(`${gateway.url}/shop/x`)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
}, 180_000);

test('a model service that is down is a finding with its place, and the start of the process is not its cause', async () => {
  let fails = false;
  const service = await backend((_, response) => {
    if (fails) response.writeHead(503).end();
    else response.setHeader('content-type', 'application/json').end(ANSWER);
  });
  const gateway = await testGateway({
    hypercare: { tick: '100ms', confirm: '600ms' },
    ai: {
      providers: { primary: { kind: 'openai', baseUrl: `${service.url}/v1`, apiKey: 'none' } },
      models: {
        support: { targets: [{ provider: 'primary', model: 'small' }], fallback: ['rules'] },
        rules: { rules: [{ reply: 'Later, please.' }] },
      },
    },
  });
  const body = JSON.stringify({ model: 'support', messages: [{ role: 'user', content: 'hello' }] });
  const headers = { 'content-type': 'application/json' };
  traffic(() => fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body }));
  await eventually(() => (gateway.engine?.status.lastTickAt ?? 0) > 0);
  fails = true;

  const finding = await eventually(async () => {
    const { body: found } = await admin(gateway, '/api/findings?state=active');
    return found.findings.find(({ detector }: { detector: string }) => detector === 'state');
  }, 30_000);
  expect(finding).toMatchObject({ reason: 'provider_out', cause: { change: null } });
  expect(finding.title).toBe('target primary/small: provider out');
  expect(finding.sentence).toContain('primary/small is down');
}, 120_000);

const ANSWER = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'small',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});
