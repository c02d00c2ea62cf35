// Work that is done behind its answer: one request may stand for fifty thousand, or for a key with which a client goes on past
// the gateway. No budget can count that, and what nobody knows is not $0.
import { expect, it } from 'vitest';
import { aiGateway, chat, errorOf, lineOf, rawProvider } from '../helpers/ai.ts';

const WAYS: [path: string, body: object | string][] = [
  ['/realtime/client_secrets', {}],
  ['/realtime/client_secrets', ''],
  ['/realtime/sessions', { model: 'gpt-4o-realtime' }],
  ['/realtime/calls', { sdp: 'v=0', model: 'gpt-4o-mini' }],
  ['/batches', { input_file_id: 'f', endpoint: '/v1/chat/completions' }],
  ['/batch/jobs', { requests: [{ body: {} }], model: 'gpt-4o-mini' }],
  ['/responses', { model: 'gpt-4o-mini', input: 'x', background: true }],
];

async function opened(answer: object, budgets: object[]) {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
  );
  const gateway = await aiGateway(
    [{ kind: 'openai', baseUrl: `${provider.url}/v1`, passthrough: true } as never],
    { ai: { budgets } },
  );
  const ask = (path: string, body: object | string) => chat(gateway, body, {}, `/v1/providers/p0${path}`);
  return { gateway, provider, ask };
}

it('is refused under a budget of requests too, which would count one', async () => {
  const { provider, ask } = await opened({ id: 'x', usage: { prompt_tokens: 1, completion_tokens: 1 } }, [
    { name: 'b', per: '1d', scope: 'consumer', requests: 100 },
  ]);

  for (const [path, body] of WAYS) {
    const refused = await ask(path, body);
    expect([path, refused.status]).toEqual([path, 503]);
    expect(errorOf(refused)).toMatchObject({
      code: 'budget_unpriced',
      message: expect.stringContaining('behind its answer'),
    });
  }
  expect(provider.taken).toHaveLength(0);
  // What is done at once, and what only looks after what is done later, is counted as ever.
  expect((await ask('/responses', { model: 'gpt-4o-mini', input: 'x' })).status).toBe(200);
  expect((await ask('/batches/b/cancel', {})).status).toBe(200);
});

it.each([
  ['says nothing of it', { id: 'batch_1', object: 'batch' }],
  ['says noughts', { id: 'batch_1', object: 'batch', usage: { input_tokens: 0, output_tokens: 0 } }],
])('costs nobody knows what where its answer %s', async (_, answer) => {
  const { gateway, ask } = await opened(answer, []);

  for (const [path, body] of WAYS) {
    const line = await lineOf(gateway, await ask(path, body));
    expect([path, line.status, line.tokens_in, line.usd]).toEqual([path, 200, 0, undefined]);
  }
});

it('costs what its answer says, if it does', async () => {
  const { gateway, ask } = await opened({ usage: { input_tokens: 700, output_tokens: 300 } }, []);
  const line = await lineOf(gateway, await ask('/batch/jobs', { model: 'gpt-4o-mini', requests: [{}] }));
  expect(line).toMatchObject({ tokens_in: 700, tokens_out: 300, usage_source: 'reported' });
  expect(line.usd).toBeGreaterThan(0);
});
