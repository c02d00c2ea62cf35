// What Claude cites of a client's documents stays in a guarded answer, and is read by the guards as well.
import type { MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages';
import { expect, it } from 'vitest';
import { aiGateway, anthropicSdk, asAnthropic, chat, rawProvider, STREAM_HEADERS } from '../helpers/ai.ts';

const CLAUDE = { smart: { targets: [{ provider: 'p0', model: 'claude-haiku-4-5' }] } };
const TEXT = 'The grass is green.';
const MESSAGE = { id: 'm', type: 'message', role: 'assistant', model: 'c', stop_sequence: null };
const USAGE = { input_tokens: 9, output_tokens: 6 };

/** A citation of each kind, in which this is said. */
const citations = (said: string) => {
  const document = { cited_text: `Green, says ${said}.`, document_title: said, file_id: null };
  return [
    { type: 'char_location', ...document, document_index: 0, start_char_index: 4, end_char_index: 11 },
    { type: 'page_location', ...document, document_index: 1, start_page_number: 5, end_page_number: 6 },
    {
      type: 'content_block_location',
      ...document,
      document_index: 2,
      start_block_index: 0,
      end_block_index: 1,
    },
    {
      ...{ type: 'search_result_location', search_result_index: 0, start_block_index: 0, end_block_index: 1 },
      ...{ cited_text: 'Green.', source: `mail of ${said}`, title: null },
    },
  ];
};

/** Answers with these citations, whole or streamed, before their text or behind it. */
const citing = (cited: readonly object[], isBehind = true) =>
  rawProvider((response, { body }) => {
    if (!String(body).includes('"stream":true')) {
      const content = [{ type: 'text', text: TEXT, citations: cited }];
      const whole = { ...MESSAGE, content, stop_reason: 'end_turn', usage: USAGE };
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
    }
    const delta = (said: object) => ({ type: 'content_block_delta', index: 0, delta: said });
    const text = delta({ type: 'text_delta', text: TEXT });
    const deltas = cited.map((citation) => delta({ type: 'citations_delta', citation }));
    const events = [
      { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null, usage: USAGE } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: [] } },
      ...(isBehind ? [text, ...deltas] : [...deltas, text]),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: USAGE },
      { type: 'message_stop' },
    ];
    const said = events.map((each) => `event: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`).join('');
    return response.writeHead(200, STREAM_HEADERS).end(said);
  });

const document = {
  ...{ type: 'document' as const, title: 'ada@example.com', citations: { enabled: true } },
  source: { type: 'text' as const, media_type: 'text/plain' as const, data: 'Green, says ada@example.com.' },
};
const asked: MessageCreateParamsNonStreaming = {
  ...{ model: 'smart', max_tokens: 99 },
  messages: [{ role: 'user', content: [document, { type: 'text', text: 'What colour is the grass?' }] }],
};

it.each([
  true,
  false,
])('documents are cited in a stream (behind its text: %s), in the caller’s words', async (isBehind) => {
  const provider = await citing(citations('[EMAIL_1]'), isBehind);
  const gateway = await aiGateway([asAnthropic(provider)], { policies: [{ redact: {} }], models: CLAUDE });

  const { content } = await anthropicSdk(gateway).messages.stream(asked).finalMessage();

  expect(String(provider.taken[0]?.body)).not.toContain('ada@');
  expect(content).toMatchObject([{ type: 'text', text: TEXT, citations: citations('ada@example.com') }]);
});

it('and so they are in a whole answer', async () => {
  const provider = await citing(citations('[EMAIL_1]'));
  const gateway = await aiGateway([asAnthropic(provider)], { policies: [{ redact: {} }], models: CLAUDE });
  const { content } = await anthropicSdk(gateway).messages.create(asked);
  expect(content).toMatchObject([{ type: 'text', text: TEXT, citations: citations('ada@example.com') }]);
});

it.each<[string, object]>([
  ['a document', citations('the swordfish')[0] as object],
  [
    'the web',
    {
      ...{ type: 'web_search_result_location', url: 'https://a.example', title: 'Of swordfish' },
      ...{ encrypted_index: 'Eo8B', cited_text: 'Green.' },
    },
  ],
])('what is forbidden ends the answer that cites it of %s', async (_, citation) => {
  const topics = [{ name: 'fish', words: ['swordfish'] }];
  const policies = [{ 'deny-topics': { topics } }];
  const gateway = await aiGateway([asAnthropic(await citing([citation]))], { policies, models: CLAUDE });

  const whole = await chat(gateway, asked, {}, '/v1/messages');
  const stream = await chat(gateway, { ...asked, stream: true }, {}, '/v1/messages');

  expect(whole.status).toBe(400);
  expect(whole.body.toString()).not.toContain('swordfish');
  expect(stream.body.toString()).toContain('"stop_reason":"refusal"');
  expect(stream.body.toString()).not.toContain('swordfish');
});
