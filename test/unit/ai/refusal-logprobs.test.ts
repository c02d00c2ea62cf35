// How likely the words of a refusal were stands beside those of the text, and is none of theirs.
import { expect, it } from 'vitest';
import { openaiChat } from '../../../src/ai/dialects/openai-chat/index.ts';
import { gatherAnswer } from '../../../src/ai/gather-answer.ts';
import { AnswerGuard } from '../../../src/ai/guards/answer-guard.ts';
import { factsOf } from '../../../src/ai/part-facts.ts';
import type { FormatName } from '../../../src/contracts/format.ts';
import type { JsonObject } from '../../../src/contracts/model-request.ts';
import type { StreamPart } from '../../../src/contracts/stream-part.ts';
import { formatOf, NAME } from '../../helpers/translation.ts';

const token = (text: string, likely: number) => ({
  token: text,
  logprob: Math.log(likely),
  top_logprobs: [],
});
const HM = [token('Hm', 0.5)];
const NO = [token('No', 0.25), token('.', 0.125)];
const STOP = { finish_reason: 'stop' };
const both = {
  message: { content: 'Hm', refusal: 'No.' },
  logprobs: { content: HM, refusal: NO },
  ...STOP,
};
const refused = {
  message: { content: null, refusal: 'No.' },
  logprobs: { content: null, refusal: NO },
  ...STOP,
};
const WHOLE = openaiChat.readAnswer({ choices: [both, refused] }) ?? [];

const EVENTS: JsonObject[] = [
  { choices: [{ index: 0, delta: { content: 'Hm' }, logprobs: { content: HM, refusal: null } }] },
  { choices: [{ index: 0, delta: { refusal: 'No' }, logprobs: { content: null, refusal: NO.slice(0, 1) } }] },
  { choices: [{ index: 0, delta: { refusal: '.' }, logprobs: { content: null, refusal: NO.slice(1) } }] },
  { choices: [{ index: 0, delta: {}, ...STOP }] },
];
const STREAMED: StreamPart[] = [];
const reader = openaiChat.openStream?.((part) => STREAMED.push(part));
for (const event of EVENTS) reader?.read(event, '');

const requestIn = (format: FormatName) =>
  formatOf(format).readRequest({ model: 'm', messages: [], input: 'Hi' });
const whole = (format: FormatName, parts: readonly StreamPart[]): JsonObject =>
  formatOf(format).writeAnswer(gatherAnswer(parts), NAME, requestIn(format));

function streamed(format: FormatName, parts: readonly StreamPart[]): JsonObject[] {
  const writer = formatOf(format).openStream?.(requestIn(format), NAME);
  const text = parts.map((part) => writer?.write(part)).join('') + writer?.end();
  const events = text.split('\n').filter((line) => line.startsWith('data: {'));
  return events.map((line) => JSON.parse(line.slice('data: '.length)) as JsonObject);
}

/** What the chunks of a stream say of it, in order. */
const tokensIn = (chunks: readonly JsonObject[]): JsonObject[] =>
  chunks
    .flatMap(({ choices }) => choices as { logprobs?: JsonObject }[])
    .flatMap(({ logprobs }) => (logprobs ? [logprobs] : []));

it('whole, in OpenAI’s chats', () => {
  expect(whole('openai-chat', WHOLE).choices).toMatchObject([
    { logprobs: { content: HM, refusal: NO } },
    { logprobs: { content: null, refusal: NO } },
  ]);
});

it('in a stream of theirs', () => {
  expect(tokensIn(streamed('openai-chat', STREAMED))).toEqual([
    { content: HM, refusal: null },
    { content: null, refusal: NO.slice(0, 1) },
    { content: null, refusal: NO.slice(1) },
  ]);
});

it('responses have no place for it: it is not said of the text', () => {
  const content = [{ text: 'Hm', logprobs: HM }, { refusal: 'No.' }];
  expect(whole('openai-responses', WHOLE).output).toMatchObject([{ content }]);
  const last = streamed('openai-responses', STREAMED).at(-1)?.response as JsonObject;
  expect(last.output).toMatchObject([{ content }]);
  // As one that comes late, behind a text.
  const late: StreamPart[] = [
    { type: 'text', text: 'Hm' },
    { type: 'logprobs', tokens: NO, isRefusal: true },
  ];
  const told = streamed('openai-responses', late).at(-1)?.response as JsonObject;
  expect(told.output).toMatchObject([{ content: [{ text: 'Hm', logprobs: [] }] }]);
});

it('how sure a model was to refuse says nothing of its answer', () => {
  for (const parts of [WHOLE, STREAMED]) expect(factsOf(parts).confidence).toBeCloseTo(0.5, 9);
  const alone = openaiChat.readAnswer({ choices: [refused] }) ?? [];
  expect(factsOf(alone)).toMatchObject({ confidence: -1, refused: true });
});

it('it goes on behind its refusal where a guard lets that by, and not where it is changed', () => {
  const through = (left: string): unknown[] => {
    const filter = { take: () => '', end: () => left };
    const answer = new AnswerGuard([{ openAnswer: (kind) => (kind === 'refusal' ? filter : undefined) }]);
    const parts = [...STREAMED.flatMap((part) => answer.take(part)), ...answer.end()];
    return tokensIn(streamed('openai-chat', parts)).flatMap(({ refusal }) => refusal ?? []);
  };
  expect(through('No.')).toEqual(NO);
  expect(through('[X].')).toEqual([]);
});
