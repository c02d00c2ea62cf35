import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Compacted, compact } from '../../../src/context/compaction/compact.ts';
import type { AskModel } from '../../../src/context/compaction/summarize.ts';
import { ConversationMemory } from '../../../src/context/memory/conversation-memory.ts';
import { buildPrompt, fitPrompt } from '../../../src/context/prompt/build-prompt.ts';
import type { SpokenTurn, Summary } from '../../../src/context/turn.ts';
import type { Message } from '../../../src/contracts/model-request.ts';
import { atOnce } from '../../../src/lib/slices.ts';
import { assistant, calls, conversation, results, talk, turn, user } from './conversations.ts';

const SETTINGS = { trigger: 0.75, target: 0.45, recall: 0.1, verbatimTurns: 6, summarizer: '' };

const memoryOf = (turns: readonly SpokenTurn[]): ConversationMemory => {
  const memory = new ConversationMemory();
  atOnce(memory.follow(turns));
  return memory;
};

const compacted = (
  turns: readonly SpokenTurn[],
  capacity: number,
  {
    summary,
    ask,
    summarizer = ask ? 'small' : '',
    signal = new AbortController().signal,
  }: { summary?: Summary | undefined; ask?: AskModel; summarizer?: string; signal?: AbortSignal } = {},
) =>
  compact({
    turns,
    book: memoryOf(turns).book,
    summary,
    epoch: summary?.epoch ?? 0,
    settings: { ...SETTINGS, summarizer },
    sizes: { capacity, system: 0, recalled: 0 },
    ask,
    signal,
  });

const made = async (
  ...given: Parameters<typeof compacted>
): Promise<Extract<Compacted, { kind: 'made' }>> => {
  const outcome = await compacted(...given);
  if (outcome.kind !== 'made') throw new Error(`nothing was made: ${outcome.kind}`);
  return outcome;
};

/** Twenty turns of a hundred tokens each; the first states something. */
const LONG = Array.from({ length: 20 }, (_, i) =>
  turn(
    i + 1,
    [user(i === 0 ? 'My account number is 4711-0815.' : `Question ${i}`), assistant('An answer.')],
    100,
  ),
);

describe('when a conversation is compacted', () => {
  test('not before it fills the trigger’s share of what a prompt may have', async () => {
    expect((await compacted(LONG, 3000)).kind).toBe('not_due');
    expect((await compacted(LONG, 2600)).kind).toBe('made');
  });

  test('down to the target, what may be recalled included', async () => {
    const { summary, after } = await made(LONG, 2600);
    expect(after).toBeLessThanOrEqual(0.45 * 2600);
    expect(summary).toMatchObject({ epoch: 1, coveredTurn: `t${summary.covered}` });
  });

  test('the last turns stay as they were said where the gain allows it', async () => {
    const { summary } = await made(LONG, 1500);
    expect(20 - summary.covered).toBe(6);
  });

  test('it gives up where it would gain less than a quarter', async () => {
    const few = [turn(1, [user('a'), assistant('b')], 100), turn(2, [user('c'), assistant('d')], 2000)];
    expect((await compacted(few, 2000)).kind).toBe('no_gain');
    expect((await compacted(few.slice(1), 2000)).kind).toBe('no_gain');
  });

  test('a call stays with its results, though they came in a later turn', async () => {
    const turns = [
      ...LONG.slice(0, 16),
      turn(17, [user('look'), calls('x', 'y')], 100),
      turn(18, [results('x', 'y'), calls('z')], 100),
      turn(19, [results('z'), assistant('found')], 100),
      turn(20, [user('thanks'), assistant('gladly')], 100),
    ];
    for (const capacity of [200, 300, 400, 600, 900, 1300, 2000]) {
      const { summary } = await made(turns, capacity);
      expect([17, 18]).not.toContain(summary.covered);
    }
  });
});

describe('what a summary says', () => {
  test('without a model it holds what was definite', async () => {
    const { summary, by } = await made(LONG, 2600);
    expect(by).toBe('facts');
    expect(summary.text).toContain('account number: 4711-0815');
  });

  test('a model’s words are taken if they hold every pinned fact', async () => {
    const asked: Parameters<AskModel>[0][] = [];
    const ask: AskModel = async (question) => {
      asked.push(question);
      return 'The user gave the account number 4711-0815 and asked many questions.';
    };
    const { summary, by } = await made(LONG, 2600, { ask });
    expect(by).toBe('model');
    expect(summary.text).toContain('asked many questions');
    expect(asked[0]?.text).toContain('[1] user: My account number is 4711-0815.');
    expect(asked[0]?.model).toBe('small');
  });

  test.each<[string, AskModel]>([
    ['facts_missing', async () => 'They talked about something.'],
    ['facts_missing', async () => 'They talked about 14711-0815, and about 4711-08155.'],
    ['empty', async () => '  '],
    ['too_long', async () => '4711-0815 '.repeat(5000)],
    [
      'failed',
      async () => {
        throw new Error('no budget');
      },
    ],
  ])('words that will not do (%s) are exchanged for the facts', async (refused, ask) => {
    const outcome = await made(LONG, 2600, { ask });
    expect(outcome).toMatchObject({ by: 'facts', refused });
  });

  test('when the gateway stops, nothing takes the place of the words that a model had begun', async () => {
    const closing = new AbortController();
    const ask: AskModel = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
    const outcome = compacted(LONG, 2600, { ask, signal: closing.signal });
    closing.abort();
    expect(await outcome).toEqual({ kind: 'broken_off' });
    expect((await made(LONG, 2600, { signal: closing.signal })).by).toBe('facts');
  });

  test('the second epoch is made of raw turns as well, not of the first summary', async () => {
    const first = await made(LONG, 2600, { ask: async () => 'EPOCH-ONE 4711-0815' });
    const more = [
      ...LONG,
      ...Array.from({ length: 15 }, (_, i) => turn(21 + i, [user(`More ${i}`), assistant('ok')], 100)),
    ];
    let given = '';
    const second = await made(more, 2600, {
      summary: first.summary,
      ask: async ({ text }) => {
        given = text;
        return 'EPOCH-TWO 4711-0815';
      },
    });
    expect(given).not.toContain('EPOCH-ONE');
    expect(given).toContain('[1] user: My account number is 4711-0815.');
    expect(second.summary).toMatchObject({ epoch: 2 });
    expect(second.summary.covered).toBeGreaterThan(first.summary.covered);
  });
});

/** A prompt as it reaches the model: laid out as `BuiltPrompt` says. */
function promptOf(
  turns: readonly SpokenTurn[],
  summary: Summary | undefined,
  fresh: readonly Message[],
  capacity: number,
) {
  const open = turns.filter(({ version }) => version > (summary?.covered ?? 0));
  const input = { system: [SYSTEM], turns: open, summary, fresh, capacity, recall: 0.1, trigger: 0.75 };
  const fitted = fitPrompt(input);
  const built = buildPrompt(input, fitted, fitted.room > 0 ? memoryOf(turns) : undefined);
  const last = fresh.at(-1) as Message;
  const part = { type: 'text', at: '', text: built.snippets };
  const messages = [
    ...built.turns.flatMap((each) => each.messages),
    ...fresh.slice(0, -1),
    built.snippets === '' ? last : ({ ...last, content: [...last.content, part] } as Message),
  ];
  return { ...built, system: [SYSTEM, ...(summary ? [{ ...SYSTEM, text: built.summary }] : [])], messages };
}

const SYSTEM = { type: 'text', at: '', text: 'Be kind.' } as const;

/** All that reaches the model, as bytes, without what was recalled for this very question (the last part, if any). */
function bytesOf({ system, messages, passages }: ReturnType<typeof promptOf>): string {
  const last = messages.at(-1) as Message;
  const kept = passages.length === 0 ? last : { ...last, content: last.content.slice(0, -1) };
  return JSON.stringify([...system, ...messages.slice(0, -1), kept]).slice(0, -1);
}

/** Leads a conversation through prompts and compactions, as a session does. */
async function live(
  turns: readonly SpokenTurn[],
  capacity: number,
  onTurn: (state: {
    prompt: ReturnType<typeof promptOf>;
    summary: Summary | undefined;
    path: readonly SpokenTurn[];
    fresh: readonly Message[];
  }) => void,
  onCompacted: (before: Summary | undefined, outcome: Awaited<ReturnType<typeof compacted>>) => void = () =>
    undefined,
): Promise<void> {
  let summary: Summary | undefined;
  for (const [i, now] of turns.entries()) {
    const path = turns.slice(0, i);
    const fresh = now.messages.slice(0, 1);
    onTurn({ prompt: promptOf(path, summary, fresh, capacity), summary, path, fresh });
    const outcome = await compacted(turns.slice(0, i + 1), capacity, { summary });
    onCompacted(summary, outcome);
    if (outcome.kind === 'made') summary = outcome.summary;
  }
}

const capacities = fc.integer({ min: 150, max: 4000 });
const RUNS = { numRuns: 60 };

describe('invariants, over any conversation', () => {
  test('3: a tool result has exactly one call before it; what was called together stays together', async () => {
    await fc.assert(
      fc.asyncProperty(conversation, capacities, async (turns, capacity) => {
        await live(turns, capacity, ({ prompt }) => {
          let open: string[] = [];
          for (const message of prompt.messages) {
            if (message.role === 'tool') {
              expect(message.content.map((part) => part.id)).toEqual(open);
              open = [];
              continue;
            }
            expect(open).toEqual([]);
            if (message.role === 'assistant')
              open = message.content.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
          }
          expect(open).toEqual([]);
        });
      }),
      RUNS,
    );
  });

  test('4: a summary covers exactly its prefix; a raw turn leaves prompts only after that, or where it does not fit', async () => {
    await fc.assert(
      fc.asyncProperty(conversation, capacities, async (turns, capacity) => {
        await live(
          turns,
          capacity,
          ({ prompt, summary, path, fresh }) => {
            const { sent, cut, covered } = prompt.context;
            expect(covered).toBe(summary?.covered ?? 0);
            const open = path.map(({ version }) => version).filter((version) => version > covered);
            expect([...cut, ...sent]).toEqual(open);
            // What is still too much is one chain of calls and results, which nothing can be taken off.
            const later = [
              ...path.filter(({ version }) => sent.includes(version)),
              { messages: fresh },
            ].slice(1);
            const isChain = later.every(({ messages }) => messages[0]?.role === 'tool');
            expect(prompt.context.tokens - prompt.context.recalledTokens <= capacity || isChain).toBe(true);
            if (cut.length === 0) return;
            const all = path
              .filter(({ version }) => version > covered)
              .reduce((sum, each) => sum + each.tokens, 0);
            expect(all + (summary?.tokens ?? 0) + 1000).toBeGreaterThan(capacity);
          },
          (before, outcome) => {
            if (outcome.kind !== 'made') return;
            expect(outcome.summary.epoch).toBe((before?.epoch ?? 0) + 1);
            expect(outcome.summary.covered).toBeGreaterThan(before?.covered ?? 0);
            expect(outcome.summary.coveredTurn).toBe(`t${outcome.summary.covered}`);
          },
        );
      }),
      RUNS,
    );
  });

  test('5: inside an epoch a prompt is the beginning of the next, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(conversation, capacities, async (turns, capacity) => {
        let last: { epoch: number; bytes: string } | undefined;
        await live(turns, capacity, ({ prompt }) => {
          const { epoch, cut } = prompt.context;
          const bytes = bytesOf(prompt);
          // Where a prompt had to be trimmed there is no epoch to speak of.
          if (last && last.epoch === epoch && cut.length === 0)
            expect(bytes.startsWith(last.bytes)).toBe(true);
          last = cut.length === 0 ? { epoch, bytes } : undefined;
        });
      }),
      RUNS,
    );
  });

  test('6: each compaction shrinks, and nothing is compacted again at once', async () => {
    await fc.assert(
      fc.asyncProperty(conversation, capacities, async (turns, capacity) => {
        await live(
          turns,
          capacity,
          () => undefined,
          (_, outcome) => {
            if (outcome.kind === 'made') expect(outcome.after).toBeLessThan(outcome.before);
          },
        );
        const once = await compacted(turns, capacity);
        if (once.kind !== 'made') return;
        expect(await compacted(turns, capacity, { summary: once.summary })).not.toMatchObject({
          kind: 'made',
          summary: { covered: once.summary.covered },
        });
      }),
      RUNS,
    );
  });
});

describe('what is put into a prompt', () => {
  const topics = Array.from({ length: 30 }, (_, i): [string, string] => [
    `Tell me about topic ${i} `.repeat(5),
    `Topic ${i} is vast. `.repeat(8),
  ]);
  const said = talk(['My account number is 4711-0815.', 'Noted.'], ...topics);

  test('what a question needs is recalled into the last message, though its turn is covered', async () => {
    const { summary } = await made(said, 1500, {
      ask: async () => 'They spoke of many topics, of the account 4711-0815.',
    });
    const prompt = promptOf(said, summary, [user('Which account number did I give you?')], 1500);
    const last = prompt.messages.at(-1) as Message;
    expect(JSON.stringify(last.content.at(-1))).toContain('[turn 1] user: My account number is 4711-0815.');
    expect(prompt.context.recalled).toContainEqual({ version: 1, passages: 2, places: [0, 1] });
    expect(prompt.system.at(-1)?.text).toBe(summary.text);
    expect(prompt.context.tokens).toBeLessThanOrEqual(1500);
  });

  test('of a short prompt what is recalled has as much as a question needs that asks for much', async () => {
    const animals = ['cat', 'dog', 'horse', 'parrot', 'goat'];
    const told = animals.map((animal, i): [string, string] => [
      `My ${animal} is called Number ${i}.`,
      'Noted.',
    ]);
    const turns = talk(...told, ...topics);
    const { summary } = await made(turns, 1000);
    const prompt = promptOf(turns, summary, [user(`What are my ${animals.join(', my ')} called?`)], 1000);
    const recalled = prompt.context.recalled.map(({ version }) => version);
    expect(recalled).toEqual(expect.arrayContaining([1, 2, 3, 4, 5]));
    expect(prompt.context.tokens).toBeLessThanOrEqual(1000);
  });

  test('without a summary nothing is recalled: all of it is there', () => {
    const prompt = promptOf(said, undefined, [user('Which account number?')], 100_000);
    expect(prompt.passages).toEqual([]);
    expect(prompt.messages).toHaveLength(2 * said.length + 1);
  });

  test('results of tools get nothing put into them', async () => {
    const { summary } = await made(said, 1500);
    const prompt = promptOf(said, summary, [results('c')], 1500);
    expect(prompt.messages.at(-1)).toEqual(results('c'));
  });

  test('a question asks before a long pasted text, and behind it', () => {
    const question = 'Which account number did I give you?';
    const pasted = 'Lorem ipsum dolor sit amet. '.repeat(200);
    for (const asked of [`${question} ${pasted}`, `${pasted} ${question}`])
      expect(memoryOf(said).recall(asked, (version) => version === 1, 300).text).toContain('4711-0815');
  });

  test('what does not fit and is not compacted yet is left out this once, and can be recalled', () => {
    const prompt = promptOf(said, undefined, [user('Which account number did I give you?')], 800);
    expect(prompt.context.cut[0]).toBe(1);
    expect(JSON.stringify(prompt.messages.at(-1))).toContain('4711-0815');
    expect(prompt.context.tokens).toBeLessThanOrEqual(800);
  });
});
