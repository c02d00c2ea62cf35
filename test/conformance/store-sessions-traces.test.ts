// The same commands leave the same traces in every store, and those of a model: lists of turns, by tenant and session.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { CommitOptions, ReserveOptions, SessionRef, Sessions } from '../../src/contracts/session.ts';
import type { Store } from '../../src/contracts/store.ts';
import { openStore } from '../../src/stores/index.ts';
import { startRedis } from '../helpers/redis-server.ts';
import { commitOptions, DAY, draft, newId, type Open, reserveOptions } from './session-drafts.ts';
import { type Life, ModelSessions } from './session-model.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });

const RUNS = Number(process.env.CONTEXT_MODEL_RUNS ?? 1) * 300;

/** An announced turn. Generations are those of the model, everywhere. */
interface Pending {
  readonly ref: string;
  readonly turn: string;
  readonly key: string;
  readonly open: Open;
}

interface Model {
  readonly sessions: ModelSessions;
  pending: Pending[];
  /** Commits that were sent: they may be sent again at any time. */
  readonly sent: { readonly ref: string; readonly options: CommitOptions }[];
}

interface Real {
  readonly stores: readonly Store[];
  /** Of this run: its sessions are nobody else's. */
  readonly run: string;
  /** By store: the generation that a life has in it, by session and the model's. */
  readonly generations: readonly Map<string, number>[];
}

/** What differs between stores that agree: clocks, and numbers made of them. */
const CLOCKS = new Set(['at', 'generation', 'createdAt', 'touchedAt', 'retryAfterMs']);
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null, (key, each) => (CLOCKS.has(key) ? undefined : each)));

const refOf = (real: Real, name: string): SessionRef => {
  const [tenant = '', session = ''] = name.split('/');
  return { tenant: `${real.run} ${tenant}`, session };
};
const lifeOf = (model: Readonly<Model>, real: Real, name: string): Life | undefined =>
  model.sessions.life(refOf(real, name));

/**
 * Does it on all, and expects of each store what the model says.
 * @param call with a store, a session, and what the store calls the model's generation
 */
async function onAll<T>(
  { sessions }: Readonly<Model>,
  real: Real,
  name: string,
  call: (sessions: Sessions, ref: SessionRef, generation: (of: number) => number) => Promise<T>,
): Promise<T> {
  const ref = refOf(real, name);
  const expected = await call(sessions, ref, (generation) => generation);
  const answers = await Promise.all(
    real.stores.map((store, at) => {
      const known = real.generations[at];
      return call(store.sessions, ref, (generation) => known?.get(`${name} ${generation}`) ?? generation);
    }),
  );
  for (const [at, answer] of answers.entries()) expect([at, plain(answer)]).toEqual([at, plain(expected)]);
  return expected;
}

/** Each life has a larger generation than the one before. */
async function noteLife(model: Model, real: Real, name: string): Promise<void> {
  const generation = lifeOf(model, real, name)?.generation ?? 0;
  for (const [at, store] of real.stores.entries()) {
    const { head } = (await store.sessions.read(refOf(real, name), { limit: 0 })) ?? {};
    const before = real.generations[at]?.get(`${name} ${generation - 1}`) ?? 0;
    expect(head?.generation).toBeGreaterThan(before);
    real.generations[at]?.set(`${name} ${generation}`, head?.generation ?? 0);
  }
}

type Command = fc.AsyncCommand<Model, Real>;
const command = (
  name: string,
  given: unknown,
  run: (model: Model, real: Real) => Promise<unknown>,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command => ({
  check,
  run: async (model, real) => void (await run(model, real)),
  toString: () => `${name} ${JSON.stringify(given)}`,
});

const session = fc.constantFrom('a/one', 'a/one', 'a/two', 'b/one');
/** One time in so many. */
const oneIn = (times: number) => fc.nat(times - 1).map((drawn) => drawn === times - 1);
const nothingOr = <T>(...some: T[]) => fc.constantFrom<T | undefined>(undefined, undefined, ...some);
const leaseMs = oneIn(5).map((lapses) => (lapses ? 0 : 60_000));
const owner = fc.constantFrom('', '', '', '', 'u1', 'u2');

const KNOWN = ['all', 'half', 'more', 'before an edit', 'another life'] as const;
/** What a caller holds of a session. */
function knownOf(what: (typeof KNOWN)[number], life: Life | undefined): ReserveOptions['known'] {
  const { generation, edits, epoch, turns } = life ?? { generation: 1, edits: 0, epoch: 0, turns: [1] };
  const version = turns.length;
  const all = { generation, edits, version, epoch };
  if (what === 'half') return { generation, edits, version: Math.floor(version / 2) };
  if (what === 'more') return { ...all, version: version + 2 };
  if (what === 'before an edit') return { ...all, edits: edits + 1 };
  return what === 'all' ? all : { ...all, generation: -1 };
}

const reserve = fc
  .record({
    ref: session,
    key: fc.constantFrom('', '', 'k1', 'k2'),
    owner,
    formerOwners: fc.constantFrom([], [], ['u1', 'u3']),
    exclusive: oneIn(5),
    mayCreate: oneIn(8).map((drawn) => !drawn),
    /** Beside the version that it is at. */
    ifVersion: nothingOr<number | undefined>(undefined, undefined, 0, -1, 1),
    seenVersion: nothingOr<number | undefined>(undefined, 0, 1, 2, 5),
    known: nothingOr(...KNOWN),
    leaseMs,
    times: fc.constantFrom(1, 1, 1, 2),
  })
  .map(({ ref, ...given }) =>
    command('reserve', { ref, ...given }, async (model, real) => {
      const { key, exclusive, times } = given;
      const turn = newId();
      const life = lifeOf(model, real, ref);
      const at = life?.turns.length ?? 0;
      const beside = (by: number | undefined) => (by === undefined ? undefined : Math.max(0, at + by));
      const [ifVersion, seenVersion] = [beside(given.ifVersion), beside(given.seenVersion)];
      const known = given.known && knownOf(given.known, life);
      const options = reserveOptions(turn, {
        ...{ key, exclusive, ifVersion, seenVersion, create: given.mayCreate, owner: given.owner },
        ...{ formerOwners: given.formerOwners, leaseMs: given.leaseMs },
      });
      for (let time = 0; time < times; time++) {
        const reserved = await onAll(model, real, ref, (sessions, of, generation) =>
          sessions.reserve(of, {
            ...options,
            known: known && { ...known, generation: generation(known.generation) },
          }),
        );
        if (reserved.kind !== 'reserved') return;
        if (reserved.isNew) await noteLife(model, real, ref);
        model.pending = model.pending.filter((each) => each.turn !== turn);
        model.pending.push({ ref, turn, key, open: reserved });
      }
    }),
  );

const PLACES = ['behind', 'behind', 'behind', 'branch', 'in place', 'in the place of another'] as const;
const commit = fc
  .record({
    which: fc.nat(5),
    times: fc.integer({ min: 1, max: 3 }),
    status: fc.constantFrom('complete', 'complete', 'incomplete', 'failed'),
    place: fc.constantFrom(...PLACES),
    parent: fc.nat(20),
    exact: oneIn(4),
    goesOn: oneIn(2),
    isEarlier: oneIn(2),
    /** Beside those that there are. */
    edits: nothingOr<number | undefined>(undefined, 0, 0, 1),
    isUnannounced: oneIn(5),
    opens: oneIn(3),
    resolves: nothingOr<number | string>(0, 1, 'unknown'),
    corrects: oneIn(6),
    ends: oneIn(25),
  })
  .map((given) =>
    command(
      'commit',
      given,
      async (model, real) => {
        const pending = model.pending[given.which % model.pending.length] as Pending;
        model.pending = model.pending.filter((each) => each !== pending);
        const { ref, turn: id, key, open } = pending;
        const life = lifeOf(model, real, ref);
        const { turns = [], edits = 0, head = '' } = life ?? {};
        const callers = turns.filter((turn) => turn.opens);
        const { place, status, exact, goesOn, opens } = given;
        const parent = turns[given.parent % (turns.length + 1)]?.id ?? '';
        const turn = draft(id, {
          ...{ id, status, opens },
          resolves:
            typeof given.resolves === 'number'
              ? (callers.at(-1 - given.resolves)?.id ?? '')
              : (given.resolves ?? ''),
          ...(given.corrects && { kind: 'correction', supersedes: parent, digests: [] }),
        });
        const options = commitOptions(turn, open, {
          ...{ key, exact, goesOn },
          // From what its client read earlier on.
          ...(goesOn && given.isEarlier && { parent }),
          edits: given.edits === undefined ? undefined : edits + given.edits,
          ...(place !== 'behind' && { mode: 'branch', parent, count: 2 }),
          ...(place === 'in place' && head !== '' && { inPlaceOf: head }),
          ...(place === 'in the place of another' && { inPlaceOf: parent || 'nobody' }),
          ...(given.isUnannounced && { fence: 0 }),
          ttlMs: given.ends ? 0 : DAY,
        });
        model.sent.push({ ref, options });
        for (let time = 0; time < given.times; time++) await send(model, real, ref, options);
      },
      ({ pending }) => pending.length > 0,
    ),
  );

const send = (model: Model, real: Real, ref: string, options: CommitOptions) =>
  onAll(model, real, ref, (sessions, of, generation) =>
    sessions.commit(of, { ...options, generation: generation(options.generation) }),
  );

const sendAgain = fc.nat(20).map((which) =>
  command(
    'send a commit again',
    which,
    async (model, real) => {
      const { ref, options } = model.sent[which % model.sent.length] as Model['sent'][number];
      await send(model, real, ref, options);
    },
    ({ sent }) => sent.length > 0,
  ),
);

const release = fc.nat(5).map((which) =>
  command(
    'release',
    which,
    async (model, real) => {
      const pending = model.pending[which % model.pending.length] as Pending;
      const { ref, turn, key } = pending;
      await onAll(model, real, ref, (sessions, of) => sessions.release(of, turn, key));
      model.pending = model.pending.filter((each) => each !== pending);
    },
    ({ pending }) => pending.length > 0,
  ),
);

const renew = fc.record({ which: fc.nat(5), leaseMs }).map((given) =>
  command(
    'renew',
    given,
    async (model, real) => {
      const { ref, turn, key } = model.pending[given.which % model.pending.length] as Pending;
      await onAll(model, real, ref, (sessions, of) => sessions.renew(of, turn, key, given.leaseMs, DAY));
    },
    ({ pending }) => pending.length > 0,
  ),
);

const erase = fc
  .record({ ref: session, which: nothingOr<'this' | 'another'>('this', 'another'), isNobodys: oneIn(4) })
  .map(({ ref, which, isNobodys }) =>
    command('erase', [ref, which, isNobodys], (model, real) => {
      const meant = lifeOf(model, real, ref)?.generation ?? 1;
      return onAll(model, real, ref, (sessions, of, generation) =>
        sessions.erase(
          of,
          which === undefined ? undefined : which === 'this' ? generation(meant) : -1,
          isNobodys,
        ),
      );
    }),
  );

const summarize = fc
  .record({
    ref: session,
    share: fc.nat(100),
    isRight: fc.constantFrom(true, true, true, 'epoch', 'covered', 'edits', 'generation', 'turn', 'none'),
  })
  .map(({ ref, share, isRight }) =>
    command('summarize', { ref, share, isRight }, async (model, real) => {
      const {
        turns = [],
        generation = 1,
        edits = 0,
        epoch = 0,
        covered = 0,
      } = lifeOf(model, real, ref) ?? {};
      const until = covered + Math.max(1, Math.floor(((turns.length - covered) * share) / 100));
      // Of no turns at all there is no summary.
      const which = isRight === 'none' ? 0 : until;
      const coveredTurn = isRight === 'turn' ? 'another' : ((turns[which - 1] ?? turns.at(-1))?.id ?? '');
      const about = { covered: which, coveredTurn, tokens: 1, at: 0, content: `"${which} turns"` };
      const wrong = (name: string): number => (isRight === name ? 5 : 0);
      await onAll(model, real, ref, (sessions, of, generationOf) =>
        sessions.summarize(
          of,
          {
            generation: generationOf(generation) + wrong('generation'),
            edits: edits + wrong('edits'),
            epoch: epoch + wrong('epoch'),
            covered: covered + wrong('covered'),
          },
          { epoch: epoch + 1, ...about },
        ),
      );
    }),
  );

const redact = fc
  .record({ ref: session, which: fc.nat(20), isRight: fc.constantFrom(true, true, 'content', 'version') })
  .map(({ ref, which, isRight }) =>
    command('redact', { ref, which, isRight }, async (model, real) => {
      const { turns = [] } = lifeOf(model, real, ref) ?? {};
      const turn = turns[which % turns.length];
      if (!turn) return;
      const was = isRight === 'content' ? 'something else' : turn.content;
      // Before the first, or behind the last.
      const none = which % 2 === 0 ? 0 : turns.length + 1;
      const version = isRight === 'version' ? none : turn.version;
      const less = { ...turn, tokens: 1, content: `"less of it, ${which}\\n"` };
      await onAll(model, real, ref, (sessions, of) => sessions.redact(of, version, was, less));
    }),
  );

const notes = { metadata: fc.constantFrom('', '{"topic":"x"}', 'sealed') };
const create = fc.record({ ref: session, owner, ...notes }).map(({ ref, ...given }) =>
  command('create', { ref, ...given }, async (model, real) => {
    const made = await onAll(model, real, ref, (sessions, of) =>
      sessions.create(of, { ...given, ttlMs: DAY, maxAgeMs: 30 * DAY }),
    );
    if (made) await noteLife(model, real, ref);
  }),
);
const describe = fc
  .record({ ref: session, ...notes })
  .map(({ ref, metadata }) =>
    command('describe', [ref, metadata], (model, real) =>
      onAll(model, real, ref, (sessions, of) => sessions.describe(of, metadata)),
    ),
  );

const work = {
  ref: session,
  work: fc.constantFrom('compaction', 'p:x'),
  holder: fc.constantFrom('h1', 'h2', 'h:3'),
};
const lease = fc
  .record({ ...work, leaseMs })
  .map((given) =>
    command('lease', given, (model, real) =>
      onAll(model, real, given.ref, (sessions, of) =>
        sessions.lease(of, given.work, given.holder, given.leaseMs),
      ),
    ),
  );
const unlease = fc
  .record(work)
  .map((given) =>
    command('unlease', given, (model, real) =>
      onAll(model, real, given.ref, (sessions, of) => sessions.unlease(of, given.work, given.holder)),
    ),
  );

const readAll = (model: Model, real: Real, ref: string) =>
  onAll(model, real, ref, (sessions, of) => sessions.read(of));
const read = fc.record({ ref: session, after: fc.nat(3), limit: fc.nat(4) }).map(({ ref, after, limit }) =>
  command('read', { ref, after, limit }, async (model, real) => {
    await onAll(model, real, ref, (sessions, of) => sessions.read(of, { after, limit }));
    await readAll(model, real, ref);
  }),
);
const list = session.map((ref) =>
  command('list', ref, (model, real) =>
    onAll(model, real, ref, async (sessions, { tenant }) => {
      const listed = await sessions.list(tenant, { limit: 10 });
      const sorted = listed.sessions.toSorted((a, b) => (a.session < b.session ? -1 : 1));
      return { ...listed, sessions: sorted.map(({ listedAt: _, ...each }) => each) };
    }),
  ),
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
  const often = [reserve, reserve, reserve, commit, commit, commit];
  const seldom = [sendAgain, release, renew, erase, summarize, redact, create, describe, lease, unlease];
  const commands = fc.commands([...often, ...seldom, read, list], {
    maxCommands: 60,
    size: 'max',
  });
  await fc.assert(
    fc.asyncProperty(commands, async (some) => {
      const model: Model = { sessions: new ModelSessions(), pending: [], sent: [] };
      const real = { stores, run: `run ${runs++}`, generations: stores.map(() => new Map<string, number>()) };
      await fc.asyncModelRun(() => ({ model, real }), some);
      for (const ref of ['a/one', 'a/two', 'b/one']) await readAll(model, real, ref);
    }),
    { numRuns: RUNS },
  );
  expect(runs).toBeGreaterThanOrEqual(RUNS);
});
