// What vectors are made of is reserved as what it is: pictures, and tokens that are counted already.
import { expect, it } from 'vitest';
import { aiGateway, chat, rawProvider } from '../helpers/ai.ts';

async function setUp(kind: string, answer: object, tokens: number) {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
  );
  return aiGateway([{ kind, baseUrl: provider.url, passthrough: true } as never], {
    ai: { budgets: [{ name: 'b', per: '1d', scope: 'consumer', tokens }] },
  });
}

it('a picture is no text of as many letters', async () => {
  const picture = Buffer.from(Array.from({ length: 1_500_000 }, (_, at) => (at * 7 + (at >> 8)) % 256));
  const answer = { embedding: [1], inputTextTokenCount: 5 };
  const gateway = await setUp('bedrock', answer, 250_000);
  const path = '/v1/providers/p0/model/amazon.titan-embed-image-v1/invoke';

  const asked = await chat(gateway, { inputImage: picture.toString('base64') }, {}, path);
  const text = await chat(gateway, { inputText: 'a word '.repeat(300_000) }, {}, path);

  expect([asked.status, text.status]).toEqual([200, 429]);
});

it.each([
  '/v1/embeddings',
  '/v1/providers/p0/embeddings',
])('%s: tokens are as many as they are', async (path) => {
  const answer = {
    object: 'list',
    model: 'm',
    data: [{ object: 'embedding', index: 0, embedding: [1] }],
    usage: { prompt_tokens: 0, total_tokens: 0 },
  };
  const gateway = await setUp('openai', answer, 1100);
  const ask = async (count: number): Promise<number> => {
    const model = path.includes('/p0/') ? 'gpt-4o-mini' : 'smart';
    const input = Array.from({ length: count }, (_, at) => 100_000 + at);
    return (await chat(gateway, { model, input, encoding_format: 'float' }, {}, path)).status;
  };

  expect([await ask(1000), await ask(1200)]).toEqual([200, 429]);
});
