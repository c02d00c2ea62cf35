// What a turn came to is told once that is known: how its conversation went on, what it took, and a line of the log.
import { setImmediate as tick } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import type { Ask } from '../../../src/context/ask.ts';
import type { LiveTurn, TurnEnd } from '../../../src/context/live-turn.ts';
import { ContextMeters } from '../../../src/context/meters.ts';
import { type ContextOperation, OperationLog } from '../../../src/context/operation-log.ts';
import type { TurnDone } from '../../../src/context/ports.ts';
import { tellTurn } from '../../../src/context/tell-turn.ts';
import type { Sessions } from '../../../src/contracts/session.ts';
import { StoreUnavailable } from '../../../src/contracts/store.ts';
import { openStore } from '../../../src/stores/index.ts';
import { openLog } from '../../../src/telemetry/logger.ts';
import { draft } from '../../conformance/session-drafts.ts';
import { assistant, user } from './conversations.ts';
import { ASK, conversationsOver, END, silent } from './live-turns.ts';

const { ref: REF } = ASK;
const ANSWERED: TurnEnd = { ...END, answer: [{ type: 'text', at: '', text: 'I see.' }] };
const DIGEST = expect.stringMatching(/^[0-9a-f]{24}$/) as string;
const USER = expect.stringMatching(/^[0-9a-f]{32}$/) as string;

/** What the store's calls take, in milliseconds of a clock that stands still otherwise. */
const TAKES: Partial<Record<string, number>> = { reserve: 5, commit: 3 };

/** A conversation over a store that may be away: then a call takes no time. */
async function world() {
  const store = await openStore('memory:');
  onTestFinished(() => store.close());
  const state = { ms: 0, isAway: false };
  const sessions = new Proxy(store.sessions, {
    get:
      (stored, name: keyof Sessions) =>
      async (...given: never[]): Promise<unknown> => {
        if (state.isAway) throw new StoreUnavailable('it is away');
        state.ms += TAKES[name] ?? 0;
        return (stored[name] as (...given: never[]) => Promise<unknown>).apply(stored, given);
      },
  });
  const lines: { context: ContextOperation }[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as { context: ContextOperation });
  const log = openLog('info', { write }).logger;
  const registry = new Registry();
  const meters = new ContextMeters(registry);
  const clock = { wall: Date.now, monotonic: () => state.ms };
  const done: TurnDone[] = [];
  let isKnown = false;
  const conversations = conversationsOver(sessions, store.documents, {
    mind: {
      ...silent,
      afterTurn: (each) => {
        done.push(each);
        isKnown = true;
      },
      forget: () => {
        isKnown = false;
      },
    },
    meters,
    operations: new OperationLog(log, meters, clock.monotonic),
    log,
    clock,
  });
  const open = (text: string, more: Partial<Ask> = {}) => {
    const ask = { ...ASK, user: 'ann', messages: [user(text)], ...more };
    return conversations.open(ask, () => ask);
  };
  const begin = async (text: string, more: Partial<Ask> = {}): Promise<LiveTurn> => {
    const recalled = await open(text, more);
    if (recalled.kind !== 'turn') throw new Error(recalled.kind);
    return recalled.turn;
  };
  const say = async (text: string): Promise<void> => (await begin(text)).commit(ANSWERED);
  /** What the log says, once it has said it. */
  const rows = async (): Promise<ContextOperation[]> => {
    for (let at = 0; at < 3; at++) await tick();
    return lines.flatMap(({ context }) => (context ? [context] : []));
  };
  const figures = async (name: string): Promise<string[]> => {
    await tick();
    const samples = (await registry.metrics()).split('\n');
    return samples.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length));
  };
  const continuity = () => figures('gateway_context_continuity_total');
  return { conversations, state, begin, open, say, rows, figures, continuity, done, isKnown: () => isKnown };
}

it('a turn that another came before is no hit: it does not follow what it was made from', async () => {
  const { begin, say, continuity } = await world();
  await say('one');
  const [two, three] = [await begin('two'), await begin('three')];
  // Nobody knows yet.
  expect(await continuity()).toEqual(['{status="new",cause=""} 1']);
  await two.commit(ANSWERED);
  await three.commit(ANSWERED);
  expect(await continuity()).toEqual([
    '{status="new",cause=""} 1',
    '{status="hit",cause=""} 1',
    '{status="stale",cause="stale_base"} 1',
  ]);
});

it('a turn that never takes place is not measured', async () => {
  const { begin, say, continuity, figures } = await world();
  await say('one');
  await (await begin('two')).release();
  expect(await continuity()).toEqual(['{status="new",cause=""} 1']);
  expect(await figures('gateway_context_tokens_count')).toEqual([' 1']);
});

it('what a turn waits for its conversation, and what it stores, is counted', async () => {
  const { say, figures } = await world();
  await say('one');
  const seconds = await figures('gateway_context_turn_seconds_sum');
  expect(seconds).toEqual(['{part="read"} 0.005', '{part="commit"} 0.003']);
  const [stored] = await figures('gateway_context_stored_tokens_total');
  expect(Number(stored)).toBeGreaterThan(0);
});

it.each([
  false,
  true,
])('what is erased as soon as it is answered is not kept at hand (while it waits: %s)', async (waits) => {
  const { conversations, state, begin, say, isKnown } = await world();
  await say('one');
  const two = await begin('two');
  state.isAway = waits;
  const committing = two.commit(ANSWERED);
  state.isAway = false;
  const erasing = conversations.erasing.session(REF);
  await committing;
  expect(await erasing).toBe(true);
  await tick();
  expect(isKnown()).toBe(false);
});

it('a turn that waits for the store is measured at once, and told again with all that is known when it is there', async () => {
  const { conversations, state, begin, say, rows, continuity, done } = await world();
  await say('one');
  const two = await begin('two');
  state.isAway = true;
  await two.commit(ANSWERED);
  const known = { op: 'append', tenant: 'app', session: 's1', turn: two.id, model: 'smart', user: USER };
  const behind = (await rows()).at(-1);
  expect(behind).toEqual({
    ...known,
    tokens: expect.any(Number) as number,
    digest: DIGEST,
    duration_ms: 5,
    outcome: 'behind',
  });
  expect(done).toHaveLength(2);
  expect(done[1]).toMatchObject({ isUnwritten: true, turn: { id: two.id, version: 2 } });
  expect(done[1]?.messages).toEqual([user('two'), assistant('I see.')]);
  expect(await continuity()).toEqual(['{status="new",cause=""} 1']);
  state.isAway = false;
  state.ms += 1000;
  expect(await conversations.behind.flush()).toBe(true);
  expect((await rows()).at(-1)).toEqual({ ...behind, version: 2, duration_ms: 1003, outcome: 'complete' });
  expect(await continuity()).toEqual(['{status="new",cause=""} 1', '{status="hit",cause=""} 1']);
  expect(done).toHaveLength(2);
});

it('a turn that waited, and that another has come before, is no hit either', async () => {
  const { conversations, state, begin, say, rows, continuity } = await world();
  await say('one');
  const [two, three] = [await begin('two'), await begin('three')];
  await three.commit(ANSWERED);
  state.isAway = true;
  await two.commit(ANSWERED);
  state.isAway = false;
  expect(await conversations.behind.flush()).toBe(true);
  expect((await rows()).at(-1)).toMatchObject({ turn: two.id, version: 3, outcome: 'stale' });
  expect(await continuity()).toContain('{status="stale",cause="stale_base"} 1');
});

it('of a log that says otherwise what was stored both turns wait, and both are told again', async () => {
  const { conversations, state, begin, say, rows, continuity } = await world();
  await say('one');
  const messages = [user('Uno.'), assistant('Yes.'), user('two')];
  const two = await begin('two', { messages, mode: 'full' });
  state.isAway = true;
  await two.commit(ANSWERED);
  state.isAway = false;
  expect(await conversations.behind.flush()).toBe(true);
  const told = (await rows())
    .slice(-4)
    .map(({ op, version, model, outcome }) => [op, version, model, outcome]);
  expect(told).toEqual([
    ['items', undefined, undefined, 'behind'],
    ['append', undefined, 'smart', 'behind'],
    ['items', 2, undefined, 'committed'],
    ['append', 3, 'smart', 'complete'],
  ]);
  expect(await continuity()).toEqual([
    '{status="new",cause=""} 1',
    '{status="forked",cause="hash_mismatch"} 1',
  ]);
});

it('a turn whose conversation the store has lost meanwhile is no hit: its version went back', async () => {
  const { conversations, continuity } = await world();
  const { ports, operations } = conversations;
  const facts = { status: 'hit', cause: '', base: 5 } as const;
  const answered = { owner: '', speaker: () => '', facts };
  const anew = { kind: 'committed', version: 1, staleBase: true, repeated: false } as const;
  tellTurn({ meters: ports.meters, operations }, { ref: REF, turn: draft('Hello.'), answered }, anew, 0);
  expect(await continuity()).toEqual(['{status="stale",cause="version_regressed"} 1']);
});

it('of a call that is refused the log says who asked, how much, and where the conversation is', async () => {
  const { begin, open, say, rows } = await world();
  await say('one');
  await begin('two', { exclusive: true });
  await expect(open('three', { exclusive: true })).rejects.toMatchObject({ code: 'conversation_locked' });
  expect((await rows()).at(-1)).toEqual({
    ...{ op: 'append', tenant: 'app', session: 's1', user: USER, model: 'smart', version: 1 },
    tokens: expect.any(Number) as number,
    digest: DIGEST,
    duration_ms: 5,
    outcome: 'locked',
  });
});

it('while the store is away the log says no more of a conversation than anybody knows', async () => {
  const { state, open, say, rows, continuity } = await world();
  await say('one');
  state.isAway = true;
  expect((await open('two')).kind).toBe('unavailable');
  expect((await rows()).at(-1)).toEqual({
    ...{ op: 'read', tenant: 'app', session: 's1', user: USER, model: 'smart' },
    duration_ms: 0,
    outcome: 'store_down',
  });
  expect(await continuity()).toContain('{status="degraded",cause="store_down"} 1');
});

it('what is put into a conversation, corrected, deleted and erased by hand is told with all that is known of it', async () => {
  const { conversations, say, rows } = await world();
  await say('one');
  await conversations.putItems(REF, [user('By the way.')]);
  const [first] = (await conversations.reader.path(REF))?.all ?? [];
  const turn = first?.turn.id as string;
  await conversations.correct(REF, { turn, text: 'No.', author: 'ola', reason: 'a slip' });
  await conversations.erasing.turn(REF, 2);
  await conversations.erasing.session(REF);
  await conversations.erasing.tenant('app');
  const [id, tokens] = [expect.stringMatching(/^[0-9a-f]{24}$/) as string, expect.any(Number) as number];
  const about = { tenant: 'app', session: 's1', user: USER, duration_ms: 0 };
  expect((await rows()).slice(-5)).toEqual([
    {
      ...about,
      op: 'items',
      turn: id,
      version: 2,
      tokens,
      digest: DIGEST,
      duration_ms: 3,
      outcome: 'committed',
    },
    {
      ...{ ...about, op: 'correct', turn: id, supersedes: turn, version: 3, tokens, digest: DIGEST },
      ...{ duration_ms: 3, outcome: 'committed' },
    },
    { ...about, op: 'redact', turn: id, version: 2, tokens, digest: DIGEST, outcome: 'deleted' },
    {
      ...{ ...about, op: 'erase', version: 3, tokens, outcome: 'erased' },
      // Of all of its path.
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    },
    { op: 'erase', tenant: 'app', duration_ms: 0, outcome: expect.any(String) as string },
  ]);
});
