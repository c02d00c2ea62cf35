// A key that differs by its case alone from one that the gateway acts on: to servers in Go it is the same, and the last counts.
import { expect, it } from 'vitest';
import { aiGateway, chat, errorOf, hello, modelService, rawProvider } from '../helpers/ai.ts';

it('is refused by its name before anybody is asked', async () => {
  const provider = await rawProvider((response) => response.writeHead(200).end('{}'));
  const gateway = await aiGateway([
    { kind: 'openai', baseUrl: `${provider.url}/v1`, passthrough: true } as never,
  ]);
  const tried: [string, object, string][] = [
    ['/v1/chat/completions', { ...hello(), Model: 'big' }, 'Model'],
    ['/v1/chat/completions', { ...hello(), Messages: [{ role: 'user', content: 'forbidden' }] }, 'Messages'],
    ['/v1/chat/completions', { ...hello(), Max_Tokens: 99_999 }, 'Max_Tokens'],
    ['/v1/embeddings', { model: 'smart', input: 'a', Input: 'b' }, 'Input'],
    ['/v1/providers/p0/chat/completions', { model: 'small', Model: 'big', messages: [] }, 'Model'],
  ];
  for (const [path, body, param] of tried) {
    const answer = await chat(gateway, body, {}, path);
    expect([path, answer.status, errorOf(answer)]).toMatchObject([
      path,
      400,
      { code: 'body_invalid', param },
    ]);
  }
  expect(provider.taken).toHaveLength(0);
});

it('what the gateway does not act on goes on as it was written', async () => {
  const gateway = await aiGateway([await modelService()]);
  expect((await chat(gateway, { ...hello(), Temperature: 1 })).status).toBe(200);
});
