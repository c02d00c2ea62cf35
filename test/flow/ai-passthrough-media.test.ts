// Images and sound in providers' own words: each costs what it does, before it is asked for and after.
import { expect, it } from 'vitest';
import { aiGateway, type ChatAnswer, CLIENT_KEY, chat, lineOf, rawProvider } from '../helpers/ai.ts';
import { mp3 } from '../helpers/sounds.ts';

const OPEN = { passthrough: true };
const IMAGEN = '/p0/models/imagen-4.0-generate-001:predict';
const CANVAS = '/p1/model/amazon.nova-canvas-v1:0/invoke';
const STABLE = '/p1/model/stability.sd3-5-large-v1:0/invoke';
const image = { bytesBase64Encoded: 'iVBO', mimeType: 'image/png' };
const FILTERED = { raiFilteredReason: 'Not this.' };

/** @param answer what the provider says; a text is an image itself */
async function setUp(ai: object = {}) {
  let answer: object | string = {};
  const provider = await rawProvider((response) => {
    const type = typeof answer === 'string' ? 'image/png' : 'application/json';
    response
      .writeHead(200, { 'content-type': type })
      .end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  const price = { input: 0, output: 0, perImage: 0.25 };
  const gateway = await aiGateway(
    [
      { kind: 'gemini', baseUrl: provider.url, ...OPEN },
      { kind: 'bedrock', baseUrl: provider.url, ...OPEN },
    ],
    {
      prices: {
        'p0/imagen-4.0-generate-001': price,
        'p0/lyria-002': price,
        'p1/amazon.nova-canvas-v1:0': price,
        'p1/stability.sd3-5-large-v1:0': price,
      },
      ai,
    },
  );
  const ask = (path: string, asked: object, said: object | string) => {
    answer = said;
    return chat(gateway, asked, {}, `/v1/providers${path}`);
  };
  return {
    ask,
    line: (answered: ChatAnswer) => lineOf(gateway, answered),
    cost: async (path: string, asked: object, said: object | string) => {
      const line = await lineOf(gateway, await ask(path, asked, said));
      return [line.usd, line.usage_source];
    },
  };
}

const prompt = { instances: [{ prompt: 'a red kite' }] };

it('each that came is on the bill, wherever it was put; none that a filter kept back', async () => {
  const { cost } = await setUp();
  const three = { ...prompt, parameters: { sampleCount: 3 } };
  const kept = { ...three, parameters: { sampleCount: 3, storageUri: 'gs://b' } };
  const inBucket = { gcsUri: 'gs://b/1.png', mimeType: 'image/png' };
  const config = { imageGenerationConfig: { numberOfImages: 3 } };

  expect(await cost(IMAGEN, three, { predictions: [image, image, image] })).toEqual([0.75, 'reported']);
  expect(await cost(IMAGEN, three, { predictions: [image, FILTERED, image] })).toEqual([0.5, 'reported']);
  expect(await cost(IMAGEN, kept, { predictions: [inBucket] })).toEqual([0.25, 'reported']);
  expect(await cost(IMAGEN, three, { predictions: [FILTERED] })).toEqual([0, 'estimated']);
  expect(await cost(IMAGEN, three, {})).toEqual([0, 'estimated']);
  expect(await cost(CANVAS, config, { images: ['iVBO', 'iVBO', 'iVBO'] })).toEqual([0.75, 'reported']);
  expect(await cost(CANVAS, config, { images: ['iVBO'], error: 'The others…' })).toEqual([0.25, 'reported']);
  expect(await cost(STABLE, { prompt: 'x' }, { seeds: [1], images: ['iVBO'] })).toEqual([0.25, 'reported']);
});

it('what Titan says it has read and written is on the bill, whatever the model is called', async () => {
  const { ask, line } = await setUp();
  const titan = async (answer: object) =>
    line(await ask('/p1/model/of-ours/invoke', { inputText: 'x' }, answer));
  const results = [{ tokenCount: 20, outputText: 'Hello', completionReason: 'FINISH' }];

  expect(await titan({ inputTextTokenCount: 7, results })).toMatchObject({
    tokens_in: 7,
    tokens_out: 20,
    usage_source: 'reported',
  });
  expect(await titan({ embedding: [1], inputTextTokenCount: 5, message: null })).toMatchObject({
    tokens_in: 5,
    tokens_out: 0,
    usage_source: 'reported',
  });
});

it('what can’t be read came to as many as were asked for, and sound is no image', async () => {
  const { cost } = await setUp();
  const two = { imageGenerationConfig: { numberOfImages: 2 } };
  expect(await cost(CANVAS, two, 'PNG')).toEqual([0.5, 'estimated']);
  expect(await cost(STABLE, { prompt: 'x' }, 'PNG')).toEqual([0.25, 'estimated']);

  const sound = { predictions: [{ bytesBase64Encoded: 'UklG', mimeType: 'audio/wav' }] };
  expect(await cost('/p0/models/lyria-002:predict', prompt, sound)).toEqual([0, 'estimated']);
});

it('sound that is translated costs as long as it lasts, whatever its answer says', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"Hello"}'),
  );
  const gateway = await aiGateway([{ kind: 'openai', baseUrl: provider.url, ...OPEN }]);
  const form = new FormData();
  form.set('model', 'whisper-1');
  form.set('file', new Blob([new Uint8Array(mp3(60, [32]))]), 'call.mp3');

  const headers = { authorization: `Bearer ${CLIENT_KEY}` };
  const url = `${gateway.url}/v1/providers/p0/audio/translations`;
  const { status } = await fetch(url, { method: 'POST', headers, body: form });

  expect(status).toBe(200);
  // A minute at 0.006 dollars.
  expect((await gateway.accessLine((line) => line.method === 'POST')).usd).toBeCloseTo(0.006, 3);
});

it('what nobody reads, as the form of a PUT, costs nothing whatever is in it', async () => {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end('x'),
  );
  const gateway = await aiGateway([{ kind: 'openai', baseUrl: provider.url, ...OPEN }]);
  const headers = {
    authorization: `Bearer ${CLIENT_KEY}`,
    'content-type': 'multipart/form-data; boundary=b',
  };

  const url = `${gateway.url}/v1/providers/p0/audio/translations`;
  const answer = await fetch(url, { method: 'PUT', headers, body: 'no form' });

  expect([answer.status, await answer.text()]).toEqual([200, 'x']);
  expect(await gateway.accessLine(({ method }) => method === 'PUT')).toMatchObject({ tokens_in: 0, usd: 0 });
});

it('a budget reserves as many as may come: four of Imagen unless it is told', async () => {
  const { ask } = await setUp({ budgets: [{ name: 'b', per: '1d', scope: 'consumer', usd: 0.8 }] });
  const made = { predictions: [image], images: ['iVBO'] };
  const imagen = (parameters: object) => ask(IMAGEN, { ...prompt, parameters }, made);
  const canvas = (numberOfImages: number) => ask(CANVAS, { imageGenerationConfig: { numberOfImages } }, made);

  const refused = [await imagen({}), await imagen({ sampleCount: 4 }), await canvas(4)];
  const answered = [await imagen({ sampleCount: 1 }), await canvas(1)];

  expect(refused.map(({ status }) => status)).toEqual([429, 429, 429]);
  expect(answered.map(({ status }) => status)).toEqual([200, 200]);
});
