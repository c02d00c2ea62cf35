// Between turns a long conversation is looked after by what is new of it.
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
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

it('what a summary covers is read once, not at each turn, also where results come a turn after their call', async () => {
  const store = await openStore('memory:');
  const log = openLog('error', { write: () => undefined }).logger;
  const registry = new Registry();
  const mind = new Mind({
    settings: () => ({ compaction: COMPACTION }) as never,
    sessions: store.sessions,
    privacy: openPrivacy(() => PRIVACY, store.documents, Date.now),
    meters: new MindMeters(registry),
    operations: new OperationLog(log, new ContextMeters(registry)),
    log,
    clock,
  });
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
  await store.close();
});
