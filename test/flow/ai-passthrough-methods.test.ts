// What else than POST may be asked of a provider in its own words: nothing that costs goes by unseen, and no body is lost.
import { request } from 'node:http';
import { expect, it } from 'vitest';
import { aiGateway, CLIENT_KEY, rawProvider } from '../helpers/ai.ts';

async function setUp(budget?: object, policies: object[] = []) {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
  );
  const open = { kind: 'openai', baseUrl: `${provider.url}/v1`, passthrough: true };
  const budgets = budget ? [{ name: 'b', per: '1d', scope: 'consumer', ...budget }] : [];
  const gateway = await aiGateway([open as never], { ai: { budgets }, policies });
  const send = (method: string, path: string, body = '', isChunked = false) =>
    new Promise<[status: number, text: string]>((resolve, reject) => {
      const asked = request(`${gateway.url}/v1/providers/p0${path}`, {
        method,
        agent: false,
        headers: {
          authorization: `Bearer ${CLIENT_KEY}`,
          ...(body !== '' && { 'content-type': 'application/json' }),
          ...(isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length }),
        },
      });
      asked.on('error', reject);
      asked.on('response', async (response) => {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        resolve([response.statusCode ?? 0, text]);
      });
      asked.end(body);
    });
  return { provider, send };
}

const JOB = '{"model":"gpt-4o-mini","input":"a long one"}';

it.each([
  'PUT',
  'PATCH',
])('a job that %s begins is refused where a budget counts what it comes to', async (method) => {
  for (const budget of [{ usd: 1 }, { tokens: 1_000_000 }]) {
    const { provider, send } = await setUp(budget);

    const [status, text] = await send(method, '/jobs/of-mine', JOB);
    const others = [
      await send(method, '/jobs/of-mine'),
      await send(method, '/files/file-1', '{"name":"x"}'),
      await send('DELETE', '/jobs/of-mine'),
      await send('GET', '/jobs/of-mine'),
    ];

    expect([status, text.includes('budget_unpriced')]).toEqual([503, true]);
    // What says nothing, or only puts a file, begins none.
    expect(others.map(([each]) => each)).toEqual([200, 200, 200, 200]);
    expect(provider.taken).toHaveLength(4);
  }
});

it('where requests are counted it is one, unless it is known to stand for any number; without a budget it passes', async () => {
  const counted = await setUp({ requests: 100 });
  const free = await setUp();

  expect((await counted.send('PUT', '/jobs/of-mine', JOB))[0]).toBe(200);
  expect((await counted.send('PUT', '/batches/of-mine', JOB))[0]).toBe(503);
  expect((await free.send('PUT', '/batches/of-mine', JOB))[0]).toBe(200);
  expect(String(free.provider.taken[0]?.body)).toBe(JOB);
});

it.each([
  ['GET', false],
  ['GET', true],
  ['HEAD', false],
])('the body of a %s is not lost unseen: it is refused (chunked: %s)', async (method, isChunked) => {
  const { provider, send } = await setUp();

  const [status, text] = await send(method, '/models', '{"a":1}', isChunked);

  expect(status).toBe(400);
  if (method === 'GET') expect(text).toContain('A GET takes none here.');
  expect(provider.taken).toHaveLength(0);
  expect((await send(method, '/models'))[0]).toBe(200);
});

it.each([
  'POST',
  'PUT',
  'PATCH',
])('where guards read what is asked, %s does not go by them', async (method) => {
  const { provider, send } = await setUp(undefined, [{ redact: {} }]);

  const [status, text] = await send(method, '/chat/completions', JOB);

  expect([status, text.includes('guards could not read')]).toEqual([400, true]);
  expect(provider.taken).toHaveLength(0);
  expect((await send('GET', '/models'))[0]).toBe(200);
});
