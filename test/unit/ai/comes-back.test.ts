// Clients give back whatever they were given with the next turn: nothing of an answer may be in the way of it.
import { describe, expect, it } from 'vitest';
import { CHAT_FORMATS } from '../../../src/ai/formats/index.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import type { AnswerContent } from '../../../src/contracts/model-answer.ts';
import type { JsonObject, ModelRequest } from '../../../src/contracts/model-request.ts';
import { formatOf, NAME } from '../../helpers/translation.ts';

const HI = { role: 'user', content: 'Hi' };
const PICTURE = Buffer.from('a picture that a model made').toString('base64');

const CONTENTS: readonly AnswerContent[] = [
  { type: 'text', text: 'Well.', citations: [{ url: 'https://a.example', title: 'A', start: 0, end: 4 }] },
  { type: 'refusal', text: 'No.' },
  { type: 'reasoning', text: 'Hm.', signature: '' },
  { type: 'reasoning', text: 'Hm.', signature: 'EqQBs', maker: 'anthropic' },
  { type: 'reasoning-opaque', data: 'VGV4dA==', maker: 'google-text' },
  { type: 'image', mediaType: 'image/png', data: PICTURE },
  { type: 'tool-call', id: 'c1', name: 'look', arguments: '{}' },
];

/** The next request of a client that was given this answer. */
function nextOf(format: FormatName, content: AnswerContent): ModelRequest {
  const { readRequest, writeAnswer } = formatOf(format);
  const logprobs = [{ token: 'Well', logprob: -1 }];
  const choices = [
    { content: [content], logprobs, refusalLogprobs: [], finishReason: 'stop', stopSequence: '' },
  ];
  const answer = { id: '', model: '', choices, vectors: [], usage: undefined, serviceTier: '' };
  const written = writeAnswer(answer, NAME, readRequest({ model: 'm', messages: [], input: [] }));
  if (format === 'openai-responses')
    return readRequest({ model: 'm', input: [HI, ...(written.output as JsonObject[])] });
  const [choice] = (written.choices ?? []) as JsonObject[];
  const message = choice?.message ?? { role: 'assistant', content: written.content };
  return readRequest({ model: 'm', max_tokens: 9, messages: [HI, message] });
}

describe.each(CHAT_FORMATS.map(({ name }) => name))('in %s', (format) => {
  it.each(CONTENTS.map((content) => [content.type, content] as const))('%s', (_, content) => {
    const { uncarried, messages } = nextOf(format, content);
    expect(uncarried).toEqual([]);
    const said = messages.flatMap((message) => message.content as readonly { type: string }[]);
    const pictures = said.filter(({ type }) => type === 'image');
    expect(pictures).toMatchObject(
      content.type === 'image'
        ? [{ source: { type: 'base64', mediaType: content.mediaType, data: content.data } }]
        : [],
    );
    // As text it would be a million tokens.
    expect(JSON.stringify(said.filter(({ type }) => type !== 'image'))).not.toContain(PICTURE);
  });
});

it('in messages a picture stands between the words around it', () => {
  const text = `Here: ![image](data:image/png;base64,${PICTURE}) There. ![image](https://a.example)`;
  for (const content of [text, [{ type: 'text', text }]]) {
    const said = [HI, { role: 'assistant', content }];
    const { messages } = formatOf('anthropic-messages').readRequest({ model: 'm', messages: said });
    expect(messages[1]?.content).toMatchObject([
      { text: 'Here: ' },
      { type: 'image', source: { data: PICTURE } },
      { text: ' There. ![image](https://a.example)' },
    ]);
  }
});

describe('of others’ answers, in chats', () => {
  const read = (message: object) =>
    formatOf('openai-chat').readRequest({ model: 'm', messages: [HI, { role: 'assistant', ...message }] });

  it.each<[string, object, object[]]>([
    [
      'vLLM’s and Groq’s thoughts',
      { content: 'Well.', reasoning: 'Hm.' },
      [{ text: 'Hm.' }, { text: 'Well.' }],
    ],
    [
      'thoughts under both names',
      { content: 'Well.', reasoning: 'Hm.', reasoning_content: 'Hm.' },
      [{ text: 'Hm.' }, { text: 'Well.' }],
    ],
    [
      'OpenRouter’s summaries',
      {
        content: 'Well.',
        reasoning: 'Hm.',
        reasoning_details: [
          { type: 'reasoning.summary', summary: 'Hm.', id: 'rs_1', format: 'openai-responses-v1', index: 0 },
        ],
      },
      [{ type: 'reasoning', text: 'Hm.' }, { text: 'Well.' }],
    ],
    [
      'what OpenAI said aloud',
      { content: null, audio: { id: 'a1', data: 'AAAA', expires_at: 1, transcript: 'Well.' } },
      [{ type: 'text', text: 'Well.' }],
    ],
  ])('%s', (_, message, content) => {
    const { uncarried, messages } = read(message);
    expect(uncarried).toEqual([]);
    expect(messages[1]?.content).toMatchObject(content);
  });

  it('and what is known by its id alone is refused', () => {
    expect(read({ content: null, audio: { id: 'a1' } }).uncarried).toEqual(['messages[1].audio']);
    const input = [HI, { type: 'image_generation_call', id: 'ig_1' }];
    expect(formatOf('openai-responses').readRequest({ model: 'm', input }).uncarried).toEqual(['input[1]']);
  });
});
