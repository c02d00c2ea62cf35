// What an answer says it came to in kinds of its own is billed as those kinds.
import { expect, it } from 'vitest';
import { aiGateway, chat, lineOf, rawProvider } from '../helpers/ai.ts';

async function setUp(price: object, answer: object) {
  const provider = await rawProvider((response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
  );
  const gateway = await aiGateway([provider], { prices: { 'p0/gpt-4o-mini': price } });
  return async (path: string, body: object) =>
    lineOf(gateway, await chat(gateway, { model: 'smart', ...body }, {}, path));
}

it('sound that a chat of Mistral’s brings costs what it is sold for by the second', async () => {
  const ask = await setUp(
    { input: 1, output: 2, perAudioMinute: 0.6 },
    {
      choices: [{ message: { role: 'assistant', content: 'A kite.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 4, completion_tokens: 3, total_tokens: 7, prompt_audio_seconds: 15 },
    },
  );
  const line = await ask('/v1/chat/completions', { messages: [{ role: 'user', content: 'What is it?' }] });
  expect(line.usd).toBeCloseTo(0.15 + (4 + 3 * 2) / 1e6, 9);
});
