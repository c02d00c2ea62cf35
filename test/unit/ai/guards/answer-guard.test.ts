// What says a text once more, beside it, goes on only where its text did.
import { expect, it } from 'vitest';
import { AnswerGuard } from '../../../../src/ai/guards/answer-guard.ts';
import type { StreamPart } from '../../../../src/contracts/stream-part.ts';

/** Holds back six characters, and puts `***` in the place of a secret. */
const hiding = {
  openAnswer: () => {
    let held = '';
    const cut = (keep: number): string => {
      held = held.replace('secret', '***');
      const passed = held.slice(0, Math.max(0, held.length - keep));
      held = held.slice(passed.length);
      return passed;
    };
    const take = (text: string): string => {
      held += text;
      return cut(6);
    };
    return { take, end: () => cut(0) };
  },
};
const text = (said: string, choice?: number): StreamPart => ({ type: 'text', text: said, choice });
const token = (said: string, choice?: number): StreamPart => ({
  type: 'logprobs',
  tokens: [{ token: said, logprob: -1 }],
  choice,
});
const cited = (url: string, choice?: number): StreamPart => ({ type: 'citation', citation: { url }, choice });
const through = (...parts: StreamPart[]): StreamPart[] => {
  const guard = new AnswerGuard([hiding]);
  return [...parts.flatMap((part) => guard.take(part)), ...guard.end()];
};
/** What has come, in order: texts as they are, tokens in brackets, what is cited by its address. */
const told = (parts: readonly StreamPart[]): string[] =>
  parts.map((part) =>
    part.type === 'logprobs'
      ? `[${part.tokens.map((each) => each.token).join('')}]`
      : part.type === 'citation'
        ? String(part.citation.url)
        : 'text' in part
          ? part.text
          : part.type,
  );

it('tokens come behind their text, and what is cited at its end', () => {
  const parts = through(
    text('One, '),
    token('One, '),
    cited('https://a'),
    text('two, '),
    token('two, '),
    text('three.'),
    token('three.'),
    { type: 'finish', reason: 'stop' },
  );
  expect(told(parts)).toEqual([
    'One,',
    ' two, ',
    '[One, ]',
    '[two, ]',
    'three.',
    '[three.]',
    'https://a',
    'finish',
  ]);
});

it('what was changed is said by nothing, and what comes behind it by its text alone', () => {
  const parts = through(
    text('Hello all. '),
    token('Hello all. '),
    text('The secret'),
    token('The secret'),
    cited('https://secret'),
    text(' is out, and more.'),
    token(' is out, and more.'),
    { type: 'finish', reason: 'stop' },
    cited('https://late'),
  );
  expect(told(parts).filter((each) => /^\[|https/.test(each))).toEqual(['[Hello all. ]']);
  expect(told(parts.filter(({ type }) => type === 'text')).join('')).toBe(
    'Hello all. The *** is out, and more.',
  );
});

it('one choice says nothing of another', () => {
  const parts = through(
    text('a secret here', 0),
    token('a secret here', 0),
    text('nothing here', 1),
    token('nothing here', 1),
    cited('https://b', 1),
  );
  expect(told(parts).filter((each) => /^\[|https/.test(each))).toEqual(['[nothing here]', 'https://b']);
});

it('what is cited once its text has ended goes on, and tokens of no text do not', () => {
  const parts = through(
    token('unread'),
    text('Fine.'),
    { type: 'tool-call-start', call: 0, id: 'c', name: 'f' },
    cited('https://a'),
    { type: 'tool-call-arguments', call: 0, text: '{}' },
    token('{}'),
  );
  expect(told(parts)).toEqual(['Fine.', 'tool-call-start', 'https://a', '{}', '[{}]']);
});
