import { expect, test } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { backend } from '../helpers/backend.ts';
import { tickedGateway } from '../helpers/ticks.ts';

test('a model service that is down is a finding with its place, and the start of the process is not its cause', async () => {
  let fails = false;
  const service = await backend((_, response) => {
    if (fails) response.writeHead(503).end();
    else response.setHeader('content-type', 'application/json').end(ANSWER);
  });
  const gateway = await tickedGateway({
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
  const traffic = () =>
    Promise.all(
      Array.from({ length: 4 }, async () => {
        const answer = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body });
        await answer.arrayBuffer();
      }),
    );
  await gateway.pass(1, traffic);
  fails = true;

  const finding = await gateway.until(async () => {
    const { body: found } = await admin(gateway, '/api/findings?state=active');
    return found.findings.find(({ detector }: { detector: string }) => detector === 'state');
  }, traffic);
  expect(finding).toMatchObject({ reason: 'provider_out', cause: { change: null } });
  expect(finding.title).toBe('target primary/small: provider out');
  expect(finding.sentence).toContain('primary/small is down');
});

const ANSWER = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'small',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});
