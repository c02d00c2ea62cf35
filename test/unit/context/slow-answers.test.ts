// Answers that take longer than their conversation lasts without a word.
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openStore } from '../../../src/stores/index.ts';
import { DAY } from '../../conformance/session-drafts.ts';
import { user } from './conversations.ts';
import { ASK, conversationsOver, END } from './live-turns.ts';

it('what was answered for longer than `ttl` is kept, however long a lease is', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let now = 1_700_000_000_000;
  const store = await openStore('memory:', { now: () => now });
  onTestFinished(() => store.close());
  const settings = {
    lease: 120_000,
    ttl: 30_000,
    maxAge: DAY,
    onConflict: 'merge',
    onStoreDown: 'degrade',
  };
  const conversations = conversationsOver(store.sessions, store.documents, {
    settings: () => settings as never,
  });
  const ask = { ...ASK, messages: [user('Think about it for a minute.')] };
  const recalled = await conversations.open(ask, () => ask);
  if (recalled.kind !== 'turn') throw new Error(recalled.kind);
  for (let second = 0; second < 60; second += 5) {
    now += 5000;
    vi.advanceTimersByTime(5000);
    // A renewal is written in the next turn of the event loop.
    await turn();
    await turn();
  }
  await recalled.turn.commit(END);
  expect(recalled.turn.facts.version).toBe(1);
  expect((await store.sessions.read(ask.ref))?.turns).toHaveLength(1);
});
