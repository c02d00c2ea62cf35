// A picture that a model made comes back to it with the next turn, so that it can go on with it; models that take none are not shown it.
import { describe, expect, it } from 'vitest';
import { gatherAnswer } from '../../../src/ai/gather-answer.ts';
import { withoutPictures } from '../../../src/ai/memory/without-pictures.ts';
import { anthropic } from '../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../src/ai/providers/bedrock/index.ts';
import { cohere } from '../../../src/ai/providers/cohere.ts';
import { gemini } from '../../../src/ai/providers/gemini.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import type { JsonObject } from '../../../src/contracts/model-request.ts';
import type { Provider } from '../../../src/contracts/provider.ts';
import type { StreamPart } from '../../../src/contracts/stream-part.ts';
import { formatOf, NAME, sent, service } from '../../helpers/translation.ts';

const HI = { role: 'user', content: 'Hi' };
const JPEG = '/9j/4AAQSkZJRg==';
const picture = (data = JPEG, mimeType = 'image/jpeg') => ({ inlineData: { mimeType, data } });
const ofGemini = (...parts: object[]) => ({ candidates: [{ content: { parts }, finishReason: 'STOP' }] });

/** The next request of a client that was given what the model said. */
function nextOf(format: FormatName, said: object): JsonObject {
  const { readRequest, writeAnswer } = formatOf(format);
  const answer = gatherAnswer(gemini.translated.readAnswer(said as JsonObject) ?? []);
  const key = format === 'openai-responses' ? 'input' : 'messages';
  const written = writeAnswer(answer, NAME, readRequest({ model: 'm', [key]: [HI] }));
  const [choice] = (written.choices ?? []) as JsonObject[];
  const output = written.output ?? [choice?.message ?? { role: 'assistant', content: written.content }];
  const bound = format === 'anthropic-messages' ? { max_tokens: 9 } : {};
  return { ...bound, [key]: [HI, ...(output as object[]), HI] };
}

const backAt = (to: Provider, format: FormatName, said: object, model: string): JsonObject =>
  sent(format, to, nextOf(format, said), model);
const toldGemini = (format: FormatName, said: object, model: string): unknown =>
  (backAt(gemini, format, said, model).contents as JsonObject[])[1]?.parts;

describe.each(['openai-chat', 'openai-responses', 'anthropic-messages'] as const)('in %s', (format) => {
  const text = { text: 'Here:' };
  const signed = [
    { ...picture(), thoughtSignature: 'Rmlyc3Q=' },
    { ...picture('iVBORw0KGgo=', 'image/png'), thoughtSignature: 'U2Vjb25k' },
  ];

  it('it comes back where it stood', () => {
    expect(toldGemini(format, ofGemini(text, picture()), 'gemini-2.5-flash-image')).toEqual([
      text,
      picture(),
    ]);
  });

  it('and each with its own signature', () => {
    expect(toldGemini(format, ofGemini(text, ...signed), 'gemini-3-pro-image-preview')).toEqual([
      text,
      ...signed,
    ]);
  });

  it('a model that refuses it unsigned is not shown it', () => {
    expect(toldGemini(format, ofGemini(text, picture()), 'gemini-3-pro-image-preview')).toEqual([text]);
  });

  it.each([
    ['anthropic', anthropic],
    ['bedrock', bedrock],
    ['cohere', cohere],
    ['openai', service('openai')],
    ['openrouter', service('openrouter')],
  ] as const)('nor is %s, nor its signature', (_, to) => {
    const asked = JSON.stringify(backAt(to, format, ofGemini(text, ...signed), 'claude-opus-4-7'));
    expect(asked).toContain('Here:');
    expect(asked).not.toMatch(/4AAQSkZJRg|iVBORw0KGgo|Rmlyc3Q|U2Vjb25k|hypercare/);
  });

  it('it is not remembered, and what is said beside it is', () => {
    const body = nextOf(format, ofGemini(text, picture()));
    const { messages } = formatOf(format).readRequest({ model: 'm', ...body });
    expect(withoutPictures(messages)[1]?.content).toMatchObject([text]);
    expect(withoutPictures(messages)).toHaveLength(messages.length);
    const plain = messages.slice(0, 1);
    expect(withoutPictures(plain)).toBe(plain);
  });
});

const ALONE = {
  input: [
    HI,
    { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: JPEG },
    { role: 'user', content: 'Bluer.' },
  ],
};

it.each([
  ['cohere', cohere],
  ['openai', service('openai')],
  ['openrouter', service('openrouter')],
] as const)('where it was all that was said, %s is told of no answer', (_, to) => {
  const { messages } = sent('openai-responses', to, ALONE);
  expect(messages).toMatchObject([{ role: 'user' }, { role: 'user' }]);
});

it('nor is Cohere of one that was a thought and a picture', () => {
  const reasoning = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] };
  const input = ALONE.input.toSpliced(1, 0, reasoning as never);
  expect(sent('openai-responses', cohere, { input }).messages).toMatchObject([
    { role: 'user' },
    { role: 'user' },
  ]);
});

it('nor is a message remembered that holds nothing else', () => {
  const { messages } = formatOf('openai-responses').readRequest({ model: 'm', ...ALONE });
  expect(messages).toHaveLength(3);
  expect(withoutPictures(messages)).toEqual([messages[0], messages[2]]);
  expect(withoutPictures(messages.slice(1, 2))).toEqual([]);
});

it('a sketch of a thought is none of the answer, and nor is its signature', () => {
  const sketch = { ...picture(), thought: true, thoughtSignature: 'U2tldGNo' };
  const types = gemini.translated.readAnswer(ofGemini(sketch, { text: 'Well.' }))?.map(({ type }) => type);
  expect(types).toEqual(['start', 'text', 'finish']);
});

it('how likely the words before a picture were is told at the end of a streamed response', () => {
  const { openStream, readRequest } = formatOf('openai-responses');
  const writer = openStream?.(readRequest({ model: 'm', input: 'Hi' }), NAME);
  const tokens = [{ token: 'Here', logprob: -1, top_logprobs: [] }];
  const parts: StreamPart[] = [
    { type: 'text', text: 'Here' },
    { type: 'image', mediaType: 'image/png', data: 'aa' },
    { type: 'logprobs', tokens },
    { type: 'finish', reason: 'stop' },
  ];
  const events = parts.map((part) => writer?.write(part)).join('') + writer?.end();
  const last = JSON.parse(events.slice(events.lastIndexOf('data: ') + 6)) as { response: object };
  expect(last.response).toMatchObject({ output: [{ content: [{ text: 'Here', logprobs: tokens }] }, {}] });
});
