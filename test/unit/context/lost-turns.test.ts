// A store fails over to one that has not the last turns, and goes on with others in their place.
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import type { Ask } from '../../../src/context/ask.ts';
import { Conversations } from '../../../src/context/conversations.ts';
import type { TurnEnd } from '../../../src/context/live-turn.ts';
import { ContextMeters } from '../../../src/context/meters.ts';
import { OperationLog } from '../../../src/context/operation-log.ts';
import { openPrivacy } from '../../../src/context/privacy/index.ts';
import { messageText } from '../../../src/context/prompt/message-text.ts';
import type { Sessions } from '../../../src/contracts/session.ts';
import type { Store } from '../../../src/contracts/store.ts';
import { openStore } from '../../../src/stores/index.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { DAY } from '../../conformance/session-drafts.ts';
import { user } from './conversations.ts';

const ASK: Ask = {
  ref: { tenant: 'app', session: 's1' },
  user: '',
  create: true,
  follows: undefined,
  exclusive: false,
  ifVersion: undefined,
  seenVersion: undefined,
  key: '',
  mode: 'auto',
  wishes: '',
  system: [],
  messages: [],
  model: 'smart',
  otherTokens: 0,
  maxOutput: 0,
  window: 0,
  askModel: () => Promise.reject(new Error('nobody asks')),
  requestId: 'r1',
};
const END: TurnEnd = {
  status: 'complete',
  answer: [],
  about: {},
  format: 'openai-chat',
  provider: 'p0',
  upstreamModel: 'm',
  finishReason: 'stop',
  tokensIn: 1,
  tokensOut: 1,
};
const SETTINGS = { lease: 60_000, ttl: DAY, maxAge: DAY, onConflict: 'merge', onStoreDown: 'degrade' };
const PRIVACY = { redact: [], encryptWith: '', decryptWith: [] };

/** A store of two copies: what is said after the second was made is lost in it. */
async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'lost-turns-'));
  const at = (name: string): Promise<Store> => openStore(`sqlite:${join(folder, name)}`);
  let store = await at('first.db');
  const secrets = await openStore('memory:');
  let reads = 0;
  const sessions = {
    reserve: (...all: Parameters<Sessions['reserve']>) => store.sessions.reserve(...all),
    commit: (...all: Parameters<Sessions['commit']>) => store.sessions.commit(...all),
    read: (...all: Parameters<Sessions['read']>) => {
      reads++;
      return store.sessions.read(...all);
    },
  } as Sessions;
  const log = openLog('silent', { write: () => undefined }).logger;
  const replica = () => {
    const meters = new ContextMeters(new Registry());
    const conversations = new Conversations({
      sessions,
      mind: {
        prompt: () => ({ summary: '', system: [], turns: [], snippets: '', journey: '' }),
        afterTurn: () => undefined,
        tooLong: () => undefined,
        forget: () => undefined,
      },
      privacy: openPrivacy(() => PRIVACY, secrets, Date.now),
      meters,
      operations: new OperationLog(log, meters),
      log,
      clock: { wall: Date.now, monotonic: () => performance.now() },
      settings: () => SETTINGS as never,
    });
    /** @returns what was said before it */
    return async (text: string): Promise<string[]> => {
      const ask = { ...ASK, messages: [user(text)] };
      const recalled = await conversations.open(ask, () => ask);
      if (recalled.kind !== 'turn') throw new Error(recalled.kind);
      await recalled.turn.commit(END);
      return (recalled.turn.input?.turns ?? []).flatMap(({ messages }) => messages.map(messageText));
    };
  };
  onTestFinished(async () => {
    await store.close();
    await secrets.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    replica,
    reads: () => reads,
    copies: async () => {
      await store.close();
      await copyFile(join(folder, 'first.db'), join(folder, 'second.db'));
      store = await at('first.db');
    },
    failsOver: async () => {
      await store.close();
      store = await at('second.db');
    },
  };
}

it('a process that knows turns that are lost reads the conversation anew once, and not at every turn', async () => {
  const { replica, reads, copies, failsOver } = await world();
  const here = replica();
  const there = replica();
  await here('one');
  await copies();
  await here('two');
  await here('three');
  await failsOver();
  await there('two again');
  await there('three again');
  expect(await here('four')).toEqual(['one', 'two again', 'three again']);
  const before = reads();
  expect(before).toBeGreaterThan(0);
  expect(await here('five')).toEqual(['one', 'two again', 'three again', 'four']);
  expect(await here('six')).toContain('five');
  expect(reads()).toBe(before);
});
