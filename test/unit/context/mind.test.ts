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

async function openMind() {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const log = openLog('error', { write: () => undefined }).logger;
  const registry = new Registry();
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
