// A picture is held for at what its vendor bills at most, not at its bytes: small budgets may ask about photos.
import { expect, it } from 'vitest';
import { aiGateway, asAnthropic, chat, rawProvider } from '../helpers/ai.ts';

const CLAUDE = 'claude-opus-4-8';
const ANSWER = JSON.stringify({
  ...{ id: 'm', type: 'message', role: 'assistant', model: CLAUDE, stop_reason: 'end_turn' },
  content: [{ type: 'text', text: 'A kite.' }],
  usage: { input_tokens: 1500, output_tokens: 5 },
});
const PHOTO = Buffer.concat([
  Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
  Buffer.from(Array.from({ length: 400_000 }, (_, at) => (at * 7 + (at >> 8)) % 256)),
]).toString('base64');
const asked = (model: string, content: unknown) => ({
  ...{ model, max_tokens: 100 },
  messages: [{ role: 'user', content }],
});
const photo = [{ type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: PHOTO } }];

async function setUp(upstreamModel: string) {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER),
  );
  return aiGateway([{ ...asAnthropic(provider), passthrough: true } as never], {
    ai: { budgets: [{ name: 'b', per: '1d', scope: 'consumer', tokens: 20_000 }] },
    models: { smart: { targets: [{ provider: 'p0', model: upstreamModel }] } },
  });
}

it.each([
  ['of the gateway', '/v1/messages', 'smart'],
  ['of Anthropic', '/v1/providers/p0/v1/messages', CLAUDE],
])('in the words %s a photo may be asked about, and the same letters as a text may not', async (_, path, model) => {
  const gateway = await setUp(CLAUDE);
  expect((await chat(gateway, asked(model, photo), {}, path)).status).toBe(200);
  expect((await chat(gateway, asked(model, PHOTO), {}, path)).status).toBe(429);
});

it('where nobody says what a model bills, it is held for at its bytes', async () => {
  const gateway = await setUp('a-model-of-ours');
  expect((await chat(gateway, asked('smart', photo), {}, '/v1/messages')).status).toBe(429);
});
