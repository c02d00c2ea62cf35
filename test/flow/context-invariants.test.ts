import { expect, it } from 'vitest';
import { checkPrompts, checkSession } from './context-invariants.ts';
import type { Deletion } from './context-shown.ts';

const PLACE = 'r0:app/one';
const markOf = (version: number): string => `[[${PLACE}:${version}]]`;
const asked = (version: number) => ({
  role: 'user',
  content: `My thing is ${markOf(version)}. ${'words '.repeat(30)}`,
});
const answered = (version: number) => ({ role: 'assistant', content: `I have read ${version}.` });
const said = (...versions: number[]) => versions.flatMap((version) => [asked(version), answered(version)]);

const turn = (version: number, format: string, [epoch = 0, covered = 0] = []) => ({
  id: `t${version}`,
  version,
  parent: version === 1 ? '' : `t${version - 1}`,
  kind: 'turn',
  format,
  request: `q${version}`,
  status: 'complete',
  supersedes: '',
  tokens: 60,
  onPath: true,
  staleBase: false,
  at: version,
  opens: false,
  journey: {
    epoch,
    covered,
    sent: Array.from({ length: version - 1 - covered }, (_, at) => covered + 1 + at),
    cut: [] as number[],
  },
  content: { messages: said(version) as { role: string; content: string }[] },
});

/** Five turns, the second in another API, and a summary of two before the fourth. */
function conversation() {
  const summary = () => ({ role: 'system', content: 'A thing was said.' });
  const prompts: Record<string, { role: string; content: string }[]> = {};
  Object.assign(prompts, {
    q1: [asked(1)],
    q2: [...said(1), asked(2)],
    q3: [...said(1, 2), asked(3)],
    q4: [summary(), ...said(3), asked(4)],
    q5: [summary(), ...said(3, 4), asked(5)],
  });
  const chat = 'openai-chat';
  return {
    shown: {
      version: 5,
      epoch: 1,
      covered: 2,
      summary: { covered: 2, tokens: 5 },
      turns: [
        turn(1, chat),
        turn(2, 'anthropic-messages'),
        turn(3, chat),
        turn(4, chat, [1, 2]),
        turn(5, chat, [1, 2]),
      ],
    },
    known: {
      acknowledged: new Map(
        [1, 2, 3].map((version): [string, { version: number; log?: { role: string; content: string }[] }] => [
          markOf(version),
          { version, ...(version === 3 && { log: [...said(1, 2), asked(3)] }) },
        ]),
      ),
      answered: new Set([markOf(4)]),
      open: new Set([markOf(5)]),
      gone: new Set([markOf(6)]),
      corrections: new Map<string, { version: number }>(),
      deletions: [] as Deletion[],
      retold: new Set<string>(),
    },
    prompts,
  };
}

type Conversation = ReturnType<typeof conversation>;

const check = ({ shown, known, prompts }: Conversation): void => {
  checkPrompts(Object.values(prompts));
  checkSession(shown, known, new Map(Object.entries(prompts)));
};
const turnOf = ({ shown }: Conversation, version: number) =>
  shown.turns[version - 1] as ReturnType<typeof turn>;
const promptOf = ({ prompts }: Conversation, version: number) => prompts[`q${version}`] ?? [];
const logIn = (known: Conversation['known']) => known.acknowledged.get(markOf(3))?.log ?? [];
const messageOf = (of: Conversation, version: number, at: number) =>
  promptOf(of, version)[at] as { role: string; content: string };

const calls = (...ids: string[]) => [
  { role: 'assistant', content: '', tool_calls: ids.map((id) => ({ id })) },
];
const results = (...ids: string[]) => ids.map((id) => ({ role: 'tool', content: 'sunny', tool_call_id: id }));

/** The last prompt was too long: one of its turns is left out. */
function cutOne(of: Conversation): void {
  Object.assign(turnOf(of, 5).journey, { sent: [4], cut: [3] });
  promptOf(of, 5).splice(1, 2);
}

/** The fourth was answered while the third was. */
function hasNotSeen(of: Conversation): void {
  Object.assign(turnOf(of, 4), { staleBase: true });
  turnOf(of, 4).journey.sent = [];
  promptOf(of, 4).splice(1, 2);
}

it('a sound conversation is found sound', () => {
  expect(() => check(conversation())).not.toThrow();
});

it.each<[string, (of: Conversation) => unknown]>([
  ['1: what was acknowledged is not there', ({ known }) => known.acknowledged.set(markOf(9), { version: 3 })],
  ['1: it is elsewhere', ({ known }) => known.acknowledged.set(markOf(1), { version: 2 })],
  ['1: it is there twice', (of) => turnOf(of, 2).content.messages.push(asked(1))],
  ['1: what was answered is not there', ({ known }) => known.answered.add(markOf(9))],
  ['1: what nobody knows of is there twice', (of) => turnOf(of, 4).content.messages.push(asked(5))],
  ['1: a person’s words are not there', ({ known }) => known.corrections.set(markOf(9), { version: 3 })],
  [
    '1: it is there twice on a path, though a log has brought it again',
    (of) => {
      of.known.retold.add(markOf(1));
      turnOf(of, 2).content.messages.push(asked(1));
    },
  ],
  [
    '1: a log’s client has said more than its provider got',
    ({ known }) => logIn(known).splice(2, 0, asked(8)),
  ],
  ['1: it has said so in another order', ({ known }) => logIn(known).push(...logIn(known).splice(0, 2))],
  ['1: it has not said all that its provider got', ({ known }) => logIn(known).splice(2, 2)],
  [
    '1: what its client sent went on otherwise',
    (of) => {
      Object.assign(turnOf(of, 3), { journey: null });
      logIn(of.known).splice(1, 1);
    },
  ],
  [
    '3: a result of one that was called before',
    (of) => promptOf(of, 1).unshift(...calls('a'), ...results('a'), ...calls('b'), ...results('a')),
  ],
  [
    '3: calls that were made at once are parted',
    (of) => promptOf(of, 1).unshift(...calls('a', 'b'), ...results('a')),
  ],
  [
    '3: one of them has two results',
    (of) => promptOf(of, 1).unshift(...calls('a', 'b'), ...results('a', 'a')),
  ],
  ['2: a version is left out', (of) => Object.assign(turnOf(of, 5), { version: 6 })],
  ['2: a later turn came before', (of) => Object.assign(turnOf(of, 3), { at: 1 })],
  ['3: a result without its call', (of) => promptOf(of, 1).unshift({ role: 'tool', content: 'sunny' })],
  [
    '3: a call without its result',
    (of) => Object.assign(messageOf(of, 3, 1), { tool_calls: [{ id: 'call_1' }] }),
  ],
  ['4: a turn has left prompts before its summary was there', (of) => promptOf(of, 3).splice(0, 2)],
  [
    '4: the same, and it is told so',
    (of) => {
      promptOf(of, 3).splice(0, 2);
      turnOf(of, 3).journey.sent = [2];
    },
  ],
  ['4: turns stand in another order', (of) => promptOf(of, 3).unshift(...promptOf(of, 3).splice(2, 2))],
  [
    '4: a summary stands for more than it covers',
    (of) => Object.assign(turnOf(of, 4).journey, { covered: 3 }),
  ],
  ['4: nobody has sent a prompt', ({ prompts }) => delete prompts.q3],
  [
    '4: more is sent than what is told',
    (of) => promptOf(of, 5).splice(-1, 0, { role: 'user', content: markOf(8) }),
  ],
  [
    '4: one that had not seen others leaves out what it had',
    (of) => {
      Object.assign(turnOf(of, 4), { staleBase: true });
      turnOf(of, 4).journey.sent = [2, 3];
    },
  ],
  [
    '4: of those that did not fit a younger one is cut',
    (of) => {
      Object.assign(turnOf(of, 3).journey, { sent: [1], cut: [2] });
      promptOf(of, 3).splice(2, 2);
    },
  ],
  [
    '5: a prompt begins otherwise than the one before',
    (of) => Object.assign(messageOf(of, 5, 0), { content: 'B' }),
  ],
  [
    '5: it begins otherwise than the last one of the same API',
    (of) => Object.assign(messageOf(of, 3, 0), { content: `Now: ${asked(1).content}` }),
  ],
  [
    '5: it begins with the same in other bytes',
    (of) => Object.assign(promptOf(of, 5), { 1: { content: asked(3).content, role: 'user' } }),
  ],
  [
    '5: what was asked last is said otherwise in the next',
    (of) => Object.assign(messageOf(of, 5, 3), { content: `${asked(4).content} And more.` }),
  ],
  [
    '5: what is left where the oldest was cut is said otherwise',
    (of) => {
      cutOne(of);
      Object.assign(messageOf(of, 5, 1), { content: `${asked(4).content} And more.` });
    },
  ],
  [
    '5: it begins otherwise, though what was deleted came later',
    (of) => {
      of.known.deletions.push({ of: 2, at: 2 });
      Object.assign(messageOf(of, 3, 0), { content: `Now: ${asked(1).content}` });
    },
  ],
  [
    '5: it begins otherwise than the one of a turn that had not seen the last',
    (of) => {
      hasNotSeen(of);
      Object.assign(messageOf(of, 5, 0), { content: 'B' });
    },
  ],
  [
    '6: a summary is another one in the same epoch',
    (of) => {
      cutOne(of);
      Object.assign(messageOf(of, 5, 0), { content: 'Another thing was said.' });
    },
  ],
  [
    '6: there is one that nobody’s turn can have made',
    (of) => {
      of.known.deletions.push({ of: 1, at: 3 });
    },
  ],
  ['6: a turn has made two summaries', (of) => Object.assign(turnOf(of, 5).journey, { epoch: 5 })],
  ['6: more summaries than turns', ({ shown }) => Object.assign(shown, { epoch: 6 })],
  [
    '6: a summary is no shorter than what it covers',
    ({ shown }) => Object.assign(shown.summary, { tokens: 120 }),
  ],
  [
    '6: a prompt is no shorter behind it',
    (of) => Object.assign(messageOf(of, 4, 0), { content: 'A thing was said. '.repeat(60) }),
  ],
  [
    '7: a prompt holds another’s words',
    (of) => promptOf(of, 2).unshift({ role: 'user', content: '[[r0:shop/one:1]]' }),
  ],
  [
    '7: it holds those of another user of the same consumer',
    (of) => promptOf(of, 2).unshift({ role: 'user', content: `[[${PLACE} of bob:1]]` }),
  ],
  ['8: what is gone is there again', (of) => turnOf(of, 5).content.messages.push(asked(6))],
])('%s: that is found', (_, spoil) => {
  const of = conversation();
  spoil(of);
  expect(() => check(of)).toThrow();
});

it('a log’s provider got more where others spoke at once, or before its client came', () => {
  for (const change of [
    (of: Conversation) => {
      Object.assign(turnOf(of, 2), { staleBase: true });
      logIn(of.known).splice(2, 2);
    },
    ({ known }: Conversation) => logIn(known).splice(0, 2),
  ]) {
    const of = conversation();
    change(of);
    expect(() => check(of)).not.toThrow();
  }
});

it('what a log brings again may stand on two paths', () => {
  const of = conversation();
  of.known.retold.add(markOf(1));
  const again = { ...turn(6, 'openai-chat'), parent: '', journey: null, onPath: false };
  of.shown.turns.push({ ...again, content: { messages: said(1) } } as unknown as ReturnType<typeof turn>);
  of.shown.version = 6;
  expect(() => check(of)).not.toThrow();
  of.known.retold.clear();
  expect(() => check(of)).toThrow();
});

it('a question that nobody answered stands before each of those that bring it at once, and nothing else does', () => {
  const brought = (mark: string, isMerged: boolean): Conversation => {
    const of = conversation();
    of.known.retold.add(mark);
    for (const version of [1, 2])
      turnOf(of, version).content.messages.unshift({ role: 'user', content: mark });
    Object.assign(turnOf(of, 2), { staleBase: isMerged });
    for (const version of [1, 2, 3]) Object.assign(turnOf(of, version), { journey: null });
    return of;
  };
  expect(() => check(brought(markOf(7), true))).not.toThrow();
  expect(() => check(brought(markOf(7), false))).toThrow();
  expect(() => check(brought(markOf(1), true))).toThrow();
});

it('a prompt begins otherwise from where something was deleted, or where its turn had not seen the one before', () => {
  for (const change of [
    (of: Conversation) => {
      of.known.deletions.push({ of: 1, at: 2 });
      Object.assign(messageOf(of, 3, 0), { content: `Now: ${asked(1).content}` });
    },
    hasNotSeen,
    cutOne,
  ]) {
    const of = conversation();
    change(of);
    expect(() => check(of)).not.toThrow();
  }
});

it('where what was asked between two answers is deleted, they are one message, but in chat completions', () => {
  const withoutTheSecond = (format: string, answer: string) => {
    const of = conversation();
    for (const version of [2, 3]) Object.assign(turnOf(of, version), { format });
    of.known.deletions.push({ of: 2, at: 2 });
    of.known.acknowledged.clear();
    of.known.gone.add(markOf(2));
    turnOf(of, 2).content.messages.shift();
    const both = { role: 'assistant', content: `${answer}${answered(2).content}` };
    of.prompts.q3 = [asked(1), both, asked(3)];
    return of;
  };
  for (const format of ['anthropic-messages', 'openai-responses']) {
    expect(() => check(withoutTheSecond(format, answered(1).content))).not.toThrow();
    expect(() => check(withoutTheSecond(format, 'I have read 9.'))).toThrow();
  }
  expect(() => check(withoutTheSecond('openai-chat', answered(1).content))).toThrow();
});

it('of what was deleted also that is gone which bore no mark', () => {
  const of = conversation();
  of.known.deletions.push({ of: 1, at: 2 });
  of.known.acknowledged.delete(markOf(1));
  of.known.gone.add(markOf(1));
  promptOf(of, 1).unshift({ role: 'user', content: 'Hello.' }, answered(0));
  turnOf(of, 1).content.messages.splice(0);
  const log = logIn(of.known);
  for (const messages of [promptOf(of, 3), log]) messages.splice(0, 2);
  expect(() => check(of)).not.toThrow();
});

it('what is recalled stands at the end of what is asked, and is in no other prompt', () => {
  const recalled = `\n\n\n\n[Earlier in this conversation, recalled because it may matter:\n[turn 1] user: ${markOf(1)}\n]`;
  const of = conversation();
  for (const version of [4, 5])
    Object.assign(promptOf(of, version).at(-1) as object, { content: asked(version).content + recalled });
  expect(() => check(of)).not.toThrow();
});
