// The same commands leave the same traces in every store, and those of a model: lists of turns, by tenant and session.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Committed, SessionRef, StoredSummary } from '../../src/contracts/session.ts';
import type { Store } from '../../src/contracts/store.ts';
import { openStore } from '../../src/stores/index.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { commitOptions, draft, newId, type Open, reserveOptions } from './session-drafts.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });

const RUNS = Number(process.env.CONTEXT_MODEL_RUNS ?? 1) * 60;

interface Life {
  /** Ids of turns, in the order of their commits. */
  turns: string[];
  epoch: number;
  covered: number;
  isErased: boolean;
  /** Grows with each life. */
  life: number;
}

/** An announced turn, as each store sees it. */
interface Pending {
  readonly ref: string;
  readonly life: number;
  readonly turn: string;
  readonly base: number;
  readonly key: string;
  readonly by: readonly Open[];
}

interface Model {
  readonly lives: Map<string, Life>;
  pending: Pending[];
  /** By session and key: the turn that answered it. */
  readonly answered: Map<string, { turn: string; version: number }>;
}

interface Real {
  readonly stores: readonly Store[];
  /** Of this run: its sessions are nobody else's. */
  readonly run: string;
}

/** What differs between stores that agree: clocks, and numbers made of them. */
const CLOCKS = new Set(['at', 'generation', 'createdAt', 'touchedAt', 'retryAfterMs']);
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null, (key, each) => (CLOCKS.has(key) ? undefined : each)));

/** Does it on all, and expects the same of each. */
async function onAll<T>(real: Real, call: (store: Store, at: number) => Promise<T>): Promise<T[]> {
  const answers = await Promise.all(real.stores.map(call));
  for (const answer of answers) expect(plain(answer)).toEqual(plain(answers[0]));
  return answers;
}

const refOf = (real: Real, name: string): SessionRef => {
  const [tenant = '', session = ''] = name.split('/');
  return { tenant: `${real.run} ${tenant}`, session };
};

type Command = fc.AsyncCommand<Model, Real>;
const command = (
  name: string,
  run: (model: Model, real: Real) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command => ({ check, run, toString: () => name });

const session = fc.constantFrom('a/one', 'a/two', 'b/one');
const lifeOf = (model: Model, ref: string): Life | undefined => model.lives.get(ref);
const isLive = (life: Life | undefined): life is Life & { isErased: false } => life?.isErased === false;

const reserve = fc
  .record({ ref: session, key: fc.constantFrom('', '', 'k1', 'k2'), isExclusive: fc.boolean() })
  .map(({ ref, key }) =>
    command(`reserve ${ref} ${key}`, async (model, real) => {
      const turn = newId();
      const answers = await onAll(real, (store) =>
        store.sessions.reserve(refOf(real, ref), reserveOptions(turn, { key })),
      );
      const [first] = answers;
      const was = lifeOf(model, ref);
      const before = model.answered.get(`${ref} ${key}`);
      if (key !== '' && isLive(was) && before) {
        expect(first).toMatchObject({ kind: 'replay', turn: { id: before.turn, version: before.version } });
        return;
      }
      if (key !== '' && isLive(was) && model.pending.some((each) => each.key === key && each.ref === ref)) {
        expect(first).toMatchObject({ kind: 'running' });
        return;
      }
      const life = isLive(was)
        ? was
        : { turns: [], epoch: 0, covered: 0, isErased: false, life: (was?.life ?? 0) + 1 };
      model.lives.set(ref, life);
      expect(first).toMatchObject({
        kind: 'reserved',
        isNew: !isLive(was),
        reset: was && !isLive(was) ? 'erased' : '',
        head: { version: life.turns.length, epoch: life.epoch, covered: life.covered },
      });
      const by = answers as Open[];
      expect(by[0]?.turns.map(({ id }) => id)).toEqual(life.turns.slice(life.covered));
      model.pending.push({ ref, life: life.life, turn, base: life.turns.length, key, by });
    }),
  );

const ENDS = fc.constantFrom(
  'complete' as const,
  'complete' as const,
  'incomplete' as const,
  'failed' as const,
);
const commit = fc
  .record({ which: fc.nat(5), times: fc.integer({ min: 1, max: 3 }), status: ENDS })
  .map(({ which, times, status }) =>
    command(
      `commit ${which} × ${times}`,
      async (model, real) => {
        const pending = model.pending[which % model.pending.length] as Pending;
        model.pending = model.pending.filter((each) => each !== pending);
        const { ref, key, turn } = pending;
        const content = draft(turn, { id: turn, status });
        const life = lifeOf(model, ref);
        const isGone = !isLive(life) || life.life !== pending.life;
        for (let time = 0; time < times; time++) {
          const [committed] = await onAll<Committed>(real, (store, at) =>
            store.sessions.commit(refOf(real, ref), commitOptions(content, pending.by[at] as Open, { key })),
          );
          if (isGone) {
            expect(committed).toEqual({ kind: 'gone' });
            continue;
          }
          if (time === 0) life.turns.push(turn);
          const version = life.turns.indexOf(turn) + 1;
          expect(committed).toEqual({
            kind: 'committed',
            version,
            staleBase: pending.base !== version - 1,
            repeated: time > 0,
          });
        }
        if (!isGone && key !== '' && status === 'complete')
          model.answered.set(`${ref} ${key}`, { turn, version: life.turns.length });
      },
      ({ pending }) => pending.length > 0,
    ),
  );

const release = fc.nat(5).map((which) =>
  command(
    `release ${which}`,
    async (model, real) => {
      const { ref, turn, key } = model.pending[which % model.pending.length] as Pending;
      await onAll(real, (store) => store.sessions.release(refOf(real, ref), turn, key));
      model.pending = model.pending.filter((each) => each.turn !== turn);
    },
    ({ pending }) => pending.length > 0,
  ),
);

const renew = fc.nat(5).map((which) =>
  command(
    `renew ${which}`,
    async (model, real) => {
      const { ref, turn, key, life } = model.pending[which % model.pending.length] as Pending;
      const [stands] = await onAll(real, (store) =>
        store.sessions.renew(refOf(real, ref), turn, key, 60_000),
      );
      const now = lifeOf(model, ref);
      expect(stands).toBe(isLive(now) && now.life === life);
    },
    ({ pending }) => pending.length > 0,
  ),
);

const erase = session.map((ref) =>
  command(`erase ${ref}`, async (model, real) => {
    const life = lifeOf(model, ref);
    const [erased] = await onAll(real, (store) => store.sessions.erase(refOf(real, ref)));
    expect(erased).toBe(isLive(life));
    if (life) Object.assign(life, { isErased: true, turns: [], epoch: 0, covered: 0 });
    for (const name of ['k1', 'k2']) model.answered.delete(`${ref} ${name}`);
    // A turn that is on its way has no place any more, and its key is free.
    model.pending = model.pending.map((each) => (each.ref === ref ? { ...each, key: '' } : each));
  }),
);

const summarize = fc
  .record({ ref: session, share: fc.nat(100), isLate: fc.boolean() })
  .map(({ ref, share, isLate }) =>
    command(
      `summarize ${ref} ${share} %`,
      async (model, real) => {
        const life = lifeOf(model, ref) as Life;
        const open = life.turns.length - life.covered;
        const covered = life.covered + Math.max(1, Math.floor((open * share) / 100));
        const summary: StoredSummary = {
          epoch: life.epoch + 1,
          covered,
          coveredTurn: life.turns[covered - 1] as string,
          tokens: 1,
          at: 0,
          content: `"${covered} turns"`,
        };
        const [done] = await onAll(real, async (store) => {
          const head = (await store.sessions.read(refOf(real, ref), { limit: 0 }))?.head;
          return store.sessions.summarize(
            refOf(real, ref),
            {
              generation: head?.generation ?? 0,
              edits: head?.edits ?? 0,
              // Somebody else’s was first.
              epoch: isLate ? life.epoch + 5 : life.epoch,
              covered: life.covered,
            },
            summary,
          );
        });
        expect(done).toBe(!isLate);
        if (done) Object.assign(life, { epoch: summary.epoch, covered });
      },
      ({ lives }) => {
        const life = lives.get(ref);
        return isLive(life) && life.turns.length > life.covered;
      },
    ),
  );

const read = session.map((ref) =>
  command(`read ${ref}`, async (model, real) => {
    const [view] = await onAll(real, (store) => store.sessions.read(refOf(real, ref)));
    const life = lifeOf(model, ref);
    if (!life) return expect(view).toBeUndefined();
    expect(view?.turns.map(({ id, version }) => [id, version])).toEqual(
      life.turns.map((id, at) => [id, at + 1]),
    );
    expect(view?.head.state).toBe(life.isErased ? 'erased' : 'active');
  }),
);

it('SQLite, Redis and memory answer alike, and as the model has it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'context-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const urls = [`sqlite:${join(dir, 'store.db')}`, redis.url, 'memory:'];
  const stores = await Promise.all(urls.map((url) => openStore(url, { commandTimeoutMs: 10_000 })));
  onTestFinished(async () => {
    for (const store of stores) await store.close();
  });
  let runs = 0;
  const commands = fc.commands([reserve, commit, commit, release, renew, erase, summarize, read], {
    maxCommands: 40,
  });
  await fc.assert(
    fc.asyncProperty(commands, (some) =>
      fc.asyncModelRun(
        () => ({
          model: { lives: new Map(), pending: [], answered: new Map() },
          real: { stores, run: `run ${runs++}` },
        }),
        some,
      ),
    ),
    { numRuns: RUNS },
  );
  expect(runs).toBeGreaterThanOrEqual(RUNS);
});
