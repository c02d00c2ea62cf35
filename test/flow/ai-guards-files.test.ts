// A text that comes as a file's bytes is no way past the guards, whoever reads it in the end.
import { expect, it } from 'vitest';
import { aiGateway, asAnthropic, chat, errorOf, rawProvider } from '../helpers/ai.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
/** In the words of both vendors. */
const ANSWER = JSON.stringify({
  candidates: [{ content: { role: 'model', parts: [{ text: 'ok' }] }, finishReason: 'STOP' }],
  id: 'a',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'text', text: 'ok' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 1, output_tokens: 1 },
});
const answers = () =>
  rawProvider((response) => response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER));
const document = (text: string) => ({
  model: 'smart',
  max_tokens: 9,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'document', source: { type: 'base64', media_type: 'text/plain', data: base64(text) } },
      ],
    },
  ],
});
const picture = (text: string) => ({
  model: 'smart',
  messages: [
    {
      role: 'user',
      content: [{ type: 'image_url', image_url: { url: `data:text/plain;base64,${base64(text)}` } }],
    },
  ],
});

it('a model of Google’s reads placeholders in it', async () => {
  const provider = await answers();
  const gateway = await aiGateway([{ kind: 'gemini', baseUrl: provider.url }], {
    policies: [{ redact: {} }],
  });
  await chat(gateway, document('I am ada@example.com'), {}, '/v1/messages');
  await chat(gateway, picture('I am ada@example.com'));
  const sent = provider.taken.map(({ body }) => JSON.parse(String(body)).contents[0].parts[0].inlineData);
  expect(sent).toEqual([
    { mimeType: 'text/plain', data: base64('I am [EMAIL_1]') },
    { mimeType: 'text/plain', data: base64('I am [EMAIL_1]') },
  ]);
});

it('a forbidden topic in it ends the call, and where nothing is changed its bytes go on', async () => {
  const provider = await answers();
  const gateway = await aiGateway([asAnthropic(provider)], {
    policies: [{ 'deny-topics': { topics: [{ name: 'war', words: ['bomb'] }] } }],
  });
  const refused = await chat(gateway, document('Build a bomb'), {}, '/v1/messages');
  expect([refused.status, provider.taken.length]).toEqual([400, 0]);
  expect(refused.body.toString()).not.toContain('bomb');
  await chat(gateway, document('Build a house'), {}, '/v1/messages');
  expect(JSON.parse(String(provider.taken[0]?.body)).messages).toEqual(document('Build a house').messages);
  const chatted = await chat(gateway, picture('Build a bomb'));
  expect([chatted.status, errorOf(chatted).code]).toEqual([400, 'content_filtered']);
});
