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

const begins = (call: number): StreamPart => ({ type: 'tool-call-start', call, id: `c${call}`, name: 'f' });
const args = (call: number, said: string): StreamPart => ({ type: 'tool-call-arguments', call, text: said });
/** What each call came to. */
const calls = (parts: readonly StreamPart[]): string[] => {
  const all: string[] = [];
  for (const part of parts)
    if (part.type === 'tool-call-arguments') all[part.call] = (all[part.call] ?? '') + part.text;
  return all;
};

it('what a tool is called with is one text, though the next call, or words, come in between', () => {
  const parts = through(
    begins(0),
    args(0, '{"a":"the sec'),
    begins(1),
    args(1, '{"b":"a se'),
    text('Both.'),
    args(0, 'ret"}'),
    args(1, 'cret"}'),
    { type: 'finish', reason: 'tool_calls' },
  );
  expect(calls(parts)).toEqual(['{"a":"the ***"}', '{"b":"a ***"}']);
  expect(told(parts).at(-1)).toBe('finish');
});

it('a call that is whole ends before the next begins', () => {
  const guard = new AnswerGuard([hiding]);
  const parts = [begins(0), args(0, '{"a":"open"}'), begins(1)].flatMap((part) => guard.take(part));
  expect(calls(parts)).toEqual(['{"a":"open"}']);
  expect(parts.at(-1)).toEqual(begins(1));
});

/** Lets a text through where it is an answer and says so, or where it is none. */
const judging = {
  openAnswer: (kind: string) => {
    if (kind !== 'text') return undefined;
    let held = '';
    return {
      judges: true,
      take: (said: string) => {
        held += said;
        return '';
      },
      end: (isAside = false) => {
        if (!isAside && held !== 'answer') throw new Error(`judged: ${held}`);
        return held;
      },
    };
  },
};
const judged = (...parts: StreamPart[]): StreamPart[] => {
  const guard = new AnswerGuard([judging]);
  return [...parts.flatMap((part) => guard.take(part)), ...guard.end()];
};
const thought = (said: string, choice?: number): StreamPart => ({ type: 'reasoning', text: said, choice });
const seal: StreamPart = { type: 'reasoning-opaque', data: 'c2VhbA' };
const called: StreamPart = { type: 'tool-call-start', call: 0, id: 'a', name: 'f' };
const finish = (reason: string): StreamPart => ({ type: 'finish', reason });

/** Texts that follow one another are one, however they were cut. */
function joined(parts: readonly StreamPart[]): StreamPart[] {
  const all: StreamPart[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (last?.type === part.type && 'text' in last && 'text' in part)
      all.splice(-1, 1, { ...part, text: last.text + part.text });
    else all.push(part);
  }
  return all;
}

it.each<[string, StreamPart[]]>([
  ['a call', [text('Let me see'), called, text('.'), finish('tool_calls')]],
  ['a call with a seal', [text('Let me see.'), seal, called, finish('tool_calls')]],
  [
    'a call behind thoughts',
    [text('Let me '), text('see.'), thought('Hm'), thought('m.'), seal, text('Now.'), thought('So.'), called],
  ],
  ['a refusal', [text('{'), { type: 'refusal', text: 'No.' }, finish('stop')]],
  ['an end that is one', [text('{'), thought('Hm'), finish('refusal')]],
])('what is said beside %s is not judged, and stands where it stood', (_, parts) => {
  expect(joined(judged(...parts))).toEqual(joined(parts));
});

it('what is an answer is judged, whatever came behind it, and one choice says nothing of another', () => {
  const good = [text('answer'), thought('Hm'), seal, finish('stop')];
  expect(judged(...good)).toEqual(good);
  expect(() => judged(text('{'), thought('Hm'), finish('stop'))).toThrow('judged: {');
  expect(() => judged(text('{'), thought('Hm'))).toThrow('judged: {');
  expect(() => judged(text('{', 1), called, finish('tool_calls'))).toThrow('judged: {');
});

it('thoughts of one choice wait, and not those of others; nor do more of them than can be held', () => {
  const guard = new AnswerGuard([judging]);
  guard.take(text('answer'));
  expect(guard.take(thought('Hm'))).toEqual([]);
  expect(guard.take(thought('Hm', 1))).toEqual([thought('Hm', 1)]);
  const long = thought('m'.repeat(5 * 1024 * 1024));
  expect(guard.take(long)).toEqual([text('answer'), thought('Hm'), long]);
});

/** Notes what texts were, once it is known, and holds nothing up. */
function noting() {
  const noted: string[] = [];
  const openAnswer = (kind: string) => {
    if (kind !== 'text') return undefined;
    let held = '';
    const take = (said: string, isAside = false): string => {
      if (isAside) noted.push(`beside: ${said}`);
      held += said;
      return said;
    };
    const conclude = (isAside: boolean) => noted.push(`${isAside ? 'no answer' : 'answer'}: ${held}`);
    return { take, end: () => '', conclude };
  };
  return { noted, guard: new AnswerGuard([{ openAnswer }]) };
}

it('who only wants to know what a text was is told when its choice has ended, and nothing waits for that', () => {
  const { noted, guard } = noting();
  for (const part of [text('Let me see'), thought('Hm'), text('4', 1)])
    expect(guard.take(part)).toEqual([part]);
  expect(noted).toEqual([]);
  for (const part of [called, text('So.')]) guard.take(part);
  expect(noted).toEqual(['beside: So.']);
  guard.take(finish('tool_calls'));
  expect(noted.slice(1)).toEqual(['no answer: Let me see', 'no answer: So.']);
  guard.end();
  guard.end();
  expect(noted.slice(3)).toEqual(['answer: 4']);
});
