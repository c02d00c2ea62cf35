import { expect, it } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';

const chunk = { choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }] };

it('a model’s stream that is cut off at the end of the drain time ends with an event that says so', async () => {
  const provider = await backend((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  });
  const gateway = await testGateway({
    server: { timeouts: { drain: '200ms' } },
    ai: {
      providers: { p: { kind: 'openai', baseUrl: `${provider.url}/v1`, apiKey: 'k' } },
      models: { m: { targets: [{ provider: 'p', model: 'gpt-4o-mini' }] } },
    },
  });
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
  });
  const text = response.text();
  await eventually(() => gateway.close());

  expect(await text).toMatch(/"content":"Hello".*\n\ndata: \{"error":\{.*"code":"draining"/s);
  const line = gateway.lines.find(({ msg }) => msg === 'request');
  expect(line).toMatchObject({ reason: 'draining', usage_source: 'estimated' });
});
