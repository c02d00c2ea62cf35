// A picture is held for as large and as fine as it is asked for, whatever form asks.
import { expect, it } from 'vitest';
import { aiGateway, CLIENT_KEY, chat, rawProvider } from '../helpers/ai.ts';

const ANSWER = { data: [{ b64_json: 'iVBO' }], usage: { input_tokens: 3, output_tokens: 300 } };

async function setUp() {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(ANSWER)),
  );
  return aiGateway([{ kind: 'openai', baseUrl: `${provider.url}/v1`, passthrough: true } as never], {
    prices: { 'p0/gpt-4o-mini': { input: 0, output: 10 }, 'p0/dear-author': { input: 0, output: 30 } },
    ai: { budgets: [{ name: 'b', per: '1d', scope: 'consumer', usd: 0.1 }] },
  });
}

it.each<[number, object]>([
  [429, { size: '3840x2160' }],
  [429, { size: '1024x1024', quality: 'medium', output_format: 'gif' }],
  [429, { size: '1024x1024', quality: 'low', n: 40 }],
  [200, { size: '3840x2160', quality: 'medium' }],
  [200, { size: '1024x1024', quality: 'low', output_format: 'gif', frame_count: 16 }],
  [200, {}],
])('%i for %j', async (status, asked) => {
  const gateway = await setUp();
  const body = { model: 'smart', prompt: 'a red kite', ...asked };
  expect((await chat(gateway, body, {}, '/v1/images/generations')).status).toBe(status);
});

const SVG = { size: '1024x1024', quality: 'low', output_format: 'svg' };

it.each<[number, Record<string, string>]>([
  [429, { size: '3840x2160' }],
  [200, { size: '3840x2160', quality: 'medium' }],
  [429, { ...SVG, 'svg[model]': 'dear-author' }],
  [200, { ...SVG, 'svg[model]': 'gpt-4o-mini' }],
  // Whom the provider would choose has no price.
  [503, SVG],
])('an edit, in a form: %i for %j', async (status, fields) => {
  const gateway = await setUp();
  const body = new FormData();
  for (const [name, value] of Object.entries({ model: 'gpt-4o-mini', ...fields })) body.set(name, value);
  body.set('image', new Blob(['x']), 'x.png');
  const headers = { authorization: `Bearer ${CLIENT_KEY}` };
  const url = `${gateway.url}/v1/providers/p0/images/edits`;
  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(status);
});
