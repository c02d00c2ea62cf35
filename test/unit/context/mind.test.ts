// Between turns a long conversation is looked after by what is new of it.
import { Registry } from 'prom-client';
import { expect, it, onTestFinished, vi } from 'vitest';
import { MindMeters } from '../../../src/context/measures/meters.ts';
import { ContextMeters } from '../../../src/context/meters.ts';
import { Mind } from '../../../src/context/mind.ts';
import { OperationLog } from '../../../src/context/operation-log.ts';
import type { PathTurn, PromptInput, PromptShape } from '../../../src/context/ports.ts';
import { openPrivacy } from '../../../src/context/privacy/index.ts';
import type { Message } from '../../../src/contracts/model-request.ts';
import type { SessionHead } from '../../../src/contracts/session.ts';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { openStore } from '../../../src/stores/index.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { draft } from '../../conformance/session-drafts.ts';
import { assistant, calls, results, turn, user } from './conversations.ts';

const REF = { tenant: 'app', session: 's1' };
const COMPACTION = {
  trigger: 0.75,
  target: 0.45,
  recall: 0.1,
  verbatimTurns: 6,
  summarizer: '',
  window: 100_000,
};
const PRIVACY = { redact: [], encryptWith: '', decryptWith: [] };
const clock = { wall: Date.now, monotonic: () => performance.now() };

const pathTurn = (version: number, messages: Message[], more: object = {}): PathTurn => {
  const stored = { ...draft(''), id: `t${version}`, version, at: 0, parent: '', staleBase: false, hash: '' };
  return { ...turn(version, messages), turn: stored, system: undefined, ...more };
};

async function openMind(registry = new Registry(), lines: string[] = []) {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const log = openLog('error', { write: (line: string) => void lines.push(line) }).logger;
  return new Mind({
    settings: () => ({ compaction: COMPACTION }) as never,
    sessions: store.sessions,
    privacy: openPrivacy(() => PRIVACY, store.documents, Date.now),
    meters: new MindMeters(registry),
    operations: new OperationLog(log, new ContextMeters(registry)),
    log,
    clock,
  });
}

it('what a summary covers is read once, not at each turn, also where results come a turn after their call', async () => {
  const mind = await openMind();
  const covered = [1, 2].map((at) => pathTurn(at, [user(`My code of ${at} is XK-${at}.`), assistant('ok')]));
  let reads = 0;
  const open: PathTurn[] = [];
  const say = async (fresh: Message[], answer: Message, call?: Message): Promise<PromptShape> => {
    const version = covered.length + open.length + 1;
    const input = {
      ref: REF,
      head: { generation: 1, edits: 0, version: version - 1 } as SessionHead,
      model: 'smart',
      summary: { epoch: 1, covered: 2, tokens: 5, content: JSON.stringify({ text: 'It was short.' }) },
      turns: call ? [...open, pathTurn(version - 1, [call], { isCall: true })] : [...open],
      fresh,
      system: [],
      otherTokens: 0,
      isFull: false,
      covered: async () => {
        reads++;
        return covered;
      },
    } as PromptInput;
    const shape = await mind.prompt(input);
    const messages = [...fresh, answer];
    const said = pathTurn(version, answer.content[0]?.type === 'tool-call' ? fresh : messages);
    mind.afterTurn({ ref: REF, input, shape, turn: said.turn, messages });
    await mind.settled();
    open.push(call ? { ...said, messages: [call, ...messages] } : said);
    return shape;
  };
  for (let at = 0; at < 3; at++) await say([user(`What is new in ${at}?`)], assistant('Nothing.'));
  await say([user('Look it up.')], calls('c1'));
  await say([results('c1')], assistant('It is there.'), calls('c1'));
  const { snippets } = await say([user('What is my code of 2?')], assistant('XK-2.'));
  expect(snippets).toContain('XK-2');
  expect(reads).toBe(1);
});

/** A question behind a summary of two turns, and behind these. */
const questionAfter = (turns: PathTurn[], whileCovered: () => void): PromptInput => ({
  ref: REF,
  head: { generation: 1, edits: 0, version: 2 + turns.length } as SessionHead,
  model: 'smart',
  summary: { epoch: 1, covered: 2, tokens: 5, content: JSON.stringify({ text: 'It was short.' }) },
  turns,
  fresh: [user('What is my code?')],
  system: [],
  otherTokens: 0,
  isFull: false,
  covered: async () => {
    whileCovered();
    return [1, 2].map((at) => pathTurn(at, [user(`My code of ${at} is XK-${at}.`), assistant('ok')]));
  },
});

it('a turn that waits for the store is measured without it, and takes no place in what is known of its conversation', async () => {
  const [registry, lines] = [new Registry(), [] as string[]];
  const mind = await openMind(registry, lines);
  const input = questionAfter([], () => undefined);
  const shape = await mind.prompt(input);
  const away = (): Promise<never> => Promise.reject(new StoreUnavailable('it is away'));
  const { turn: waiting } = pathTurn(3, []);
  const messages = [...input.fresh, assistant('XK-2.')];
  mind.afterTurn({
    ref: REF,
    input: { ...input, covered: away },
    shape,
    turn: waiting,
    messages,
    isUnwritten: true,
  });
  await mind.settled();
  const figures = await registry.metrics();
  expect(figures).toContain('gateway_context_turns_total{model="smart",event="turn"} 1');
  expect(figures).toMatch(/gateway_context_recalled_tokens_sum{model="smart"} [1-9]/);
  expect(figures).toContain(`gateway_context_growth_tokens_sum{model="smart"} ${waiting.tokens}`);
  expect(lines).toEqual([]);
  let reads = 0;
  // Another has come before it: the version is that one's.
  const other = pathTurn(3, [user('My dog is Bo.'), assistant('ok')], { id: 'other' });
  const next = questionAfter([other], () => void reads++);
  expect((await mind.prompt(next)).snippets).toContain('XK-2');
  expect(reads).toBe(0);
});

it('what is forgotten while a prompt is made of it is not kept at hand', async () => {
  const mind = await openMind();
  let reads = 0;
  await mind.prompt(questionAfter([], () => mind.forget(REF)));
  for (let at = 0; at < 2; at++) {
    const { snippets } = await mind.prompt(questionAfter([], () => void reads++));
    expect(snippets).toContain('XK-2');
  }
  expect(reads).toBe(1);
});

it('nor where it waited for another path of the conversation', async () => {
  const mind = await openMind();
  const path = (name: string, length: number) =>
    Array.from({ length }, (_, at) =>
      pathTurn(at + 3, [user(`What is new in ${at}?`), assistant('Nothing.')], { id: `${name}${at}` }),
    );
  const [long, other] = [path('a', 100), path('b', 2)];
  // Whoever looks at the clock finds that a millisecond has gone by: the long one is met in many slices.
  let ms = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => ms++);
  let isMet = false;
  const asking = [long, other].map((turns) => mind.prompt(questionAfter(turns, () => undefined)));
  void asking[0]?.then(() => {
    isMet = true;
  });
  await new Promise(setImmediate);
  expect(isMet).toBe(false);
  mind.forget(REF);
  await Promise.all(asking);
  now.mockRestore();
  let reads = 0;
  await mind.prompt(questionAfter(other, () => void reads++));
  expect(reads).toBe(1);
});
