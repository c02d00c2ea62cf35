import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ReserveOptions, SessionPlace, SessionRef, StoredSummary } from '../../src/contracts/session.ts';
import type { Store } from '../../src/contracts/store.ts';
import { until } from '../helpers/redis-server.ts';
import { commitOptions, DAY, draft, newId, reserveOptions, speakerIn } from './session-drafts.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.each(places)('sessions on $name', ({ make }) => {
  let place: Place;
  let store: Store;
  let count = 0;
  const newRef = (): SessionRef => ({ tenant: 'shop {a}:', session: `it's {${count++}}: 🙂` });

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });
  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  const { open, add } = speakerIn(() => store);
  const said = async (ref: SessionRef) =>
    (await store.sessions.read(ref))?.turns.map(
      ({ content }) => (JSON.parse(content) as { said: string }).said,
    );

  it('an id that was never seen begins a session; its turns follow one another', async () => {
    const ref = newRef();
    const first = await open(ref);
    expect(first).toMatchObject({
      isNew: true,
      reset: '',
      turns: [],
      fence: 1,
      pending: 0,
      summary: undefined,
    });
    const one = draft('one\nline "quoted" \\n 🙂');
    const committed = await store.sessions.commit(ref, commitOptions(one, first));
    expect(committed).toEqual({ kind: 'committed', version: 1, staleBase: false, repeated: false });
    const second = await open(ref);
    expect(second).toMatchObject({
      isNew: false,
      from: 0,
      head: { version: 1, head: one.id, count: 2, tokens: 10 },
    });
    expect(second.turns).toEqual([
      { ...one, version: 1, at: expect.any(Number), parent: '', staleBase: false, hash: `after:${one.id}` },
    ]);
    await store.sessions.commit(ref, commitOptions(draft('two'), second));
    const view = await store.sessions.read(ref, { after: 1 });
    expect(view?.turns).toMatchObject([{ version: 2, parent: one.id }]);
  });

  it('a turn that is sent twice is there once, and so is a request', async () => {
    const ref = newRef();
    const first = await open(ref, { key: 'r1' });
    const turn = draft('one');
    const options = commitOptions(turn, first, { key: 'r1' });
    await store.sessions.commit(ref, options);
    expect(await store.sessions.commit(ref, options)).toEqual({
      kind: 'committed',
      version: 1,
      staleBase: false,
      repeated: true,
    });
    expect(await store.sessions.reserve(ref, reserveOptions(newId(), { key: 'r1' }))).toMatchObject({
      kind: 'replay',
      turn: { version: 1, id: turn.id },
    });
    expect(await said(ref)).toEqual(['one']);
  });

  it('a request that is being answered says so to its repetition, and is free again when it came to nothing', async () => {
    const ref = newRef();
    await add(ref, draft('one'));
    const mine = newId();
    expect(await store.sessions.reserve(ref, reserveOptions(mine, { key: 'k' }))).toMatchObject({
      kind: 'reserved',
    });
    expect(await store.sessions.reserve(ref, reserveOptions(newId(), { key: 'k' }))).toMatchObject({
      kind: 'running',
      version: 1,
    });
    await store.sessions.release(ref, mine, 'k');
    expect(await store.sessions.reserve(ref, reserveOptions(newId(), { key: 'k' }))).toMatchObject({
      kind: 'reserved',
      pending: 0,
    });
  });

  it('a turn that broke off is kept, and is no answer to the same request', async () => {
    const ref = newRef();
    const half = draft('half', { status: 'incomplete' });
    const first = await open(ref, { key: 'k', turn: half.id });
    await store.sessions.commit(ref, commitOptions(half, first, { key: 'k' }));
    expect(await store.sessions.reserve(ref, reserveOptions(newId(), { key: 'k' }))).toMatchObject({
      kind: 'reserved',
      head: { version: 1, head: half.id },
    });
  });

  it('a turn made from an older version is merged behind what is there, and marked', async () => {
    const ref = newRef();
    const [a, b] = [await open(ref), await open(ref)];
    expect(b.pending).toBe(1);
    await store.sessions.commit(ref, commitOptions(draft('a'), a));
    expect(await store.sessions.commit(ref, commitOptions(draft('b'), b))).toEqual({
      kind: 'committed',
      version: 2,
      staleBase: true,
      repeated: false,
    });
    const view = await store.sessions.read(ref);
    expect(view?.turns.map(({ staleBase, hash }) => [staleBase, hash !== ''])).toEqual([
      [false, true],
      [true, false],
    ]);
    expect(view?.head).toMatchObject({ version: 2, hash: '', count: 4 });
  });

  it('an exact turn is refused where another came between, and an exclusive session is locked', async () => {
    const ref = newRef();
    const a = await open(ref);
    await add(ref, draft('b'));
    expect(await store.sessions.commit(ref, commitOptions(draft('a'), a, { exact: true }))).toEqual({
      kind: 'conflict',
      version: 1,
    });
    const mine = newId();
    await store.sessions.reserve(ref, reserveOptions(mine, { exclusive: true }));
    const other = await store.sessions.reserve(ref, reserveOptions(newId(), { exclusive: true }));
    expect(other).toMatchObject({ kind: 'locked', version: 1 });
    await store.sessions.release(ref, mine, '');
    expect(await store.sessions.reserve(ref, reserveOptions(newId(), { ifVersion: 7 }))).toEqual({
      kind: 'version',
      version: 1,
    });
    expect(await store.sessions.reserve(ref, reserveOptions(newId(), { ifVersion: 1 }))).toMatchObject({
      kind: 'reserved',
    });
  });

  it('who held a session longer than its lease can’t commit past the next', async () => {
    const ref = newRef();
    const slow = await open(ref, { exclusive: true, leaseMs: 20 });
    await place.pass(40);
    await open(ref, { exclusive: true });
    for (const mode of ['merge', 'branch'] as const)
      expect(
        await store.sessions.commit(ref, commitOptions(draft('late'), slow, { mode, exact: true })),
      ).toEqual({ kind: 'conflict', version: 0 });
  });

  it('of two answers to one request the first one stands', async () => {
    const ref = newRef();
    const of = { key: 'k', exclusive: false };
    const slow = await open(ref, { ...of, leaseMs: 20 });
    await place.pass(40);
    const fast = await open(ref, of);
    await store.sessions.commit(ref, commitOptions(draft('fast'), fast, { key: 'k' }));
    for (const status of ['complete', 'incomplete', 'failed'] as const)
      expect(
        await store.sessions.commit(ref, commitOptions(draft('slow', { status }), slow, { key: 'k' })),
      ).toEqual({ kind: 'conflict', version: 1 });
    expect(await said(ref)).toEqual(['fast']);
    expect(await store.sessions.reserve(ref, reserveOptions(newId(), of))).toMatchObject({
      kind: 'replay',
      turn: { version: 1 },
    });
  });

  it('a reservation that is renewed does not run out; one that is over is not renewed', async () => {
    const ref = newRef();
    const mine = newId();
    await open(ref, { turn: mine, key: 'k', exclusive: true, leaseMs: 50 });
    expect(await store.sessions.renew(ref, mine, 'k', 60_000, DAY)).toBe(true);
    await place.pass(80);
    const again = (key: string) => store.sessions.reserve(ref, reserveOptions(newId(), { key }));
    expect(await again('k')).toMatchObject({ kind: 'running' });
    expect(await again('')).toMatchObject({ kind: 'locked' });
    await store.sessions.release(ref, mine, 'k');
    expect(await store.sessions.renew(ref, mine, 'k', 60_000, DAY)).toBe(false);
    expect(await store.sessions.renew(newRef(), mine, 'k', 60_000, DAY)).toBe(false);
    // What another has taken meanwhile is not taken back.
    const lapsed = newId();
    await open(ref, { turn: lapsed, key: 'k', exclusive: true, leaseMs: 20 });
    await place.pass(40);
    const theirs = newId();
    await open(ref, { turn: theirs, key: 'k', exclusive: true });
    await store.sessions.renew(ref, lapsed, 'k', 60_000, DAY);
    await store.sessions.release(ref, theirs, 'k');
    expect(await again('k')).toMatchObject({ kind: 'reserved' });
  });

  it('nothing is put into a session that somebody answers alone: behind the answer, or when its lease is over', async () => {
    const ref = newRef();
    const answer = draft('answer');
    const answering = await open(ref, { turn: answer.id, exclusive: true });
    const put = (said: string) =>
      store.sessions.commit(ref, commitOptions(draft(said, { kind: 'items' }), answering, { fence: 0 }));
    expect(await put('too early')).toEqual({ kind: 'conflict', version: 0 });
    expect(await store.sessions.commit(ref, commitOptions(answer, answering, { exact: true }))).toMatchObject(
      { kind: 'committed', version: 1 },
    );
    expect(await put('behind it')).toMatchObject({ kind: 'committed', version: 2 });
    await open(ref, { exclusive: true, leaseMs: 20 });
    await place.pass(40);
    expect(await put('nobody answers')).toMatchObject({ kind: 'committed', version: 3 });
    expect(await said(ref)).toEqual(['answer', 'behind it', 'nobody answers']);
  });

  it('the calls of a turn get their results once', async () => {
    const ref = newRef();
    const call = draft('call', { opens: true });
    await add(ref, call);
    expect(await add(ref, draft('result', { resolves: call.id }))).toMatchObject({ version: 2 });
    expect(await add(ref, draft('again', { resolves: call.id }))).toEqual({ kind: 'conflict', version: 2 });
    const from = await open(ref);
    const branch = commitOptions(draft('other', { resolves: call.id }), from, {
      mode: 'branch',
      parent: call.id,
    });
    expect(await store.sessions.commit(ref, branch)).toMatchObject({ version: 3, staleBase: false });
    expect((await store.sessions.read(ref))?.turns[2]).toMatchObject({ parent: call.id });
  });

  it('an answer in the place of one that broke off throws nobody off: who came between stays before it', async () => {
    const ref = newRef();
    const call = draft('call', { opens: true });
    await add(ref, call);
    const half = draft('half', { status: 'incomplete', resolves: call.id });
    await add(ref, half);
    const from = await open(ref);
    const inPlace = (said: string) =>
      commitOptions(draft(said, { resolves: call.id }), from, {
        mode: 'branch',
        parent: call.id,
        inPlaceOf: half.id,
      });
    const whole = inPlace('whole');
    expect(await store.sessions.commit(ref, whole)).toMatchObject({ version: 3, staleBase: false });
    const late = inPlace('late');
    expect(await store.sessions.commit(ref, late)).toMatchObject({ version: 4, staleBase: true });
    const view = await store.sessions.read(ref, { after: 2 });
    expect(view?.turns).toMatchObject([{ parent: call.id }, { parent: whole.turn.id, hash: '' }]);
    expect(view?.head).toMatchObject({ head: late.turn.id, hash: '' });
    expect(await store.sessions.commit(ref, { ...inPlace('exact'), exact: true })).toEqual({
      kind: 'conflict',
      version: 4,
    });
  });

  it('whoever goes on from what they have stays behind it where the session has left that, and is merged where it has not', async () => {
    const ref = newRef();
    const [hello, more, edit] = [draft('hello'), draft('more'), draft('edit')];
    await add(ref, hello);
    await add(ref, more);
    const [from, other] = [await open(ref), await open(ref)];
    const behind = (said: string, { id }: { id: string }) =>
      commitOptions(draft(said), from, { parent: id, goesOn: true });
    const [first, second] = [behind('first', more), behind('second', more)];
    expect(await store.sessions.commit(ref, first)).toMatchObject({ version: 3, staleBase: false });
    // At once with the first, behind which it is merged.
    expect(await store.sessions.commit(ref, second)).toMatchObject({ version: 4, staleBase: true });
    const left = commitOptions(edit, other, { mode: 'branch', parent: hello.id });
    expect(await store.sessions.commit(ref, left)).toMatchObject({ version: 5, staleBase: false });
    const third = behind('third', more);
    expect(await store.sessions.commit(ref, third)).toMatchObject({ version: 6, staleBase: false });
    const fourth = behind('fourth', hello);
    expect(await store.sessions.commit(ref, fourth)).toMatchObject({ version: 7, staleBase: true });
    const view = await store.sessions.read(ref, { after: 2 });
    expect(view?.turns.map(({ parent }) => parent)).toEqual(
      [more, first.turn, hello, more, third.turn].map(({ id }) => id),
    );
    expect(view?.turns[3]?.hash).toBe(third.hash);
  });

  it('a failed turn is kept, and the next one does not follow it', async () => {
    const ref = newRef();
    const first = draft('one');
    await add(ref, first);
    await add(ref, draft('failed', { status: 'failed' }), { key: 'k' });
    expect((await open(ref, { key: 'k' })).head).toMatchObject({ version: 2, head: first.id, count: 2 });
  });

  it('a session is its owner’s alone', async () => {
    const ref = newRef();
    await open(ref, { owner: 'u1' });
    const of = (owner: string) => store.sessions.reserve(ref, reserveOptions(newId(), { owner }));
    expect(await of('u2')).toEqual({ kind: 'unknown' });
    expect(await of('')).toEqual({ kind: 'unknown' });
    expect(await of('u1')).toMatchObject({ kind: 'reserved' });
    expect(await store.sessions.reserve(newRef(), reserveOptions(newId(), { create: false }))).toEqual({
      kind: 'unknown',
    });
  });

  it('what is erased stays erased: a late turn can’t bring it back, and the id begins anew', async () => {
    const ref = newRef();
    const late = await open(ref);
    await add(ref, draft('secret'));
    expect(await store.sessions.erase(ref)).toBe(true);
    expect(await store.sessions.erase(ref)).toBe(false);
    expect(await store.sessions.commit(ref, commitOptions(draft('late'), late))).toEqual({ kind: 'gone' });
    expect(await store.sessions.read(ref)).toMatchObject({
      head: { state: 'erased', version: 0 },
      turns: [],
    });
    expect(await open(ref)).toMatchObject({ isNew: true, reset: 'erased', turns: [] });
    expect(await store.sessions.commit(ref, commitOptions(draft('late'), late))).toEqual({ kind: 'gone' });
  });

  it('a session ends when nobody spoke for its time, and says so; at its age in any case', async () => {
    const ref = newRef();
    const was = await open(ref);
    // Counted from here: however long a busy machine takes in between.
    await store.sessions.commit(ref, commitOptions(draft('one'), was, { ttlMs: 100 }));
    await place.pass(150);
    expect(await store.sessions.read(ref)).toMatchObject({ head: { state: 'expired' }, turns: [] });
    expect(await open(ref)).toMatchObject({ isNew: true, reset: 'ttl', turns: [], head: { version: 0 } });
    expect(await store.sessions.commit(ref, commitOptions(draft('late'), was))).toEqual({ kind: 'gone' });
    const old = newRef();
    expect(await open(old, { maxAgeMs: 500 })).toMatchObject({ reset: '' });
    await until(async () => {
      // Whoever speaks meanwhile does not put it off.
      await place.pass(100);
      return (await open(old, { maxAgeMs: 500 })).reset === 'ttl';
    }, 'its age');
  });

  it('who names a version goes on behind it, whatever failed since', async () => {
    const ref = newRef();
    const at = async (ifVersion: number) =>
      (await store.sessions.reserve(ref, reserveOptions(newId(), { ifVersion }))).kind;
    await add(ref, draft('none', { status: 'failed' }));
    expect(await Promise.all([0, 1, 2].map(at))).toEqual(['reserved', 'reserved', 'version']);
    await add(ref, draft('one'));
    await add(ref, draft('two', { status: 'failed' }));
    expect(await Promise.all([1, 2, 3, 4].map(at))).toEqual(['version', 'reserved', 'reserved', 'version']);
  });

  it('only what is new is sent to who holds the rest', async () => {
    const ref = newRef();
    for (const text of ['one', 'two', 'three']) await add(ref, draft(text));
    const { head } = await open(ref);
    const known = { generation: head.generation, edits: head.edits, version: 2 };
    expect(await open(ref, { known })).toMatchObject({ from: 2, turns: [{ version: 3 }] });
    expect((await open(ref, { known: { ...known, edits: 9 } })).turns).toHaveLength(3);
  });

  it('a summary takes the place of what it covers, if nothing else has; turns appended meanwhile survive', async () => {
    const ref = newRef();
    const turns = ['one', 'two', 'three'].map((text) => draft(text));
    for (const turn of turns) await add(ref, turn);
    const { head } = await open(ref);
    const summary: StoredSummary = {
      epoch: 1,
      covered: 2,
      coveredTurn: turns[1]?.id ?? '',
      tokens: 4,
      at: 5,
      content: '"1 and 2"',
    };
    const expected = { generation: head.generation, edits: 0, epoch: 0, covered: 0 };
    await add(ref, draft('four'));
    expect(await store.sessions.summarize(ref, expected, { ...summary, coveredTurn: 'another' })).toBe(false);
    expect(await store.sessions.summarize(ref, expected, summary)).toBe(true);
    expect(await store.sessions.summarize(ref, expected, summary)).toBe(false);
    const after = await open(ref);
    expect(after).toMatchObject({ summary, from: 2, head: { epoch: 1, covered: 2, version: 4 } });
    expect(after.turns.map(({ version }) => version)).toEqual([3, 4]);
    expect(await said(ref)).toEqual(['one', 'two', 'three', 'four']);
    // To who holds it it is not sent again.
    const known = { generation: head.generation, edits: 0, version: 4 };
    expect(await open(ref, { known: { ...known, epoch: 0 } })).toMatchObject({ summary });
    expect(await open(ref, { known: { ...known, epoch: 1 } })).toMatchObject({
      summary: undefined,
      head: { epoch: 1 },
    });
    expect(await open(ref, { known: { ...known, edits: 9, epoch: 1 } })).toMatchObject({ summary });
  });

  it('a piece of work has one holder at a time', async () => {
    const ref = newRef();
    await open(ref);
    expect(await store.sessions.lease(ref, 'compact', 'a', 10_000)).toBe(true);
    expect(await store.sessions.lease(ref, 'compact', 'b', 10_000)).toBe(false);
    await store.sessions.unlease(ref, 'compact', 'b');
    expect(await store.sessions.lease(ref, 'compact', 'b', 10_000)).toBe(false);
    await store.sessions.unlease(ref, 'compact', 'a');
    expect(await store.sessions.lease(ref, 'compact', 'b', 10_000)).toBe(true);
  });

  it('what was said can be taken out of a turn, and what was read before is not used any more', async () => {
    const ref = newRef();
    await add(ref, draft('one'));
    const turn = (await store.sessions.read(ref))?.turns[0];
    if (!turn) throw new Error('no turn');
    const reason = 'as versions before kept it';
    const less = { ...turn, content: JSON.stringify({ said: 'less' }), reason };
    expect(await store.sessions.redact(ref, 1, 'something else', less)).toBe(false);
    expect(await store.sessions.redact(ref, 1, turn.content, less)).toBe(true);
    expect(await said(ref)).toEqual(['less']);
    const { turns, head } = await open(ref);
    expect([head.edits, JSON.stringify(turns).includes(reason)]).toEqual([1, false]);
  });

  it('what was read before a correction is not used any more', async () => {
    const ref = newRef();
    const wrong = draft('wrong');
    await add(ref, wrong);
    const { head } = await open(ref);
    const known = { generation: head.generation, edits: head.edits, version: 1 };
    await add(ref, draft('right', { kind: 'correction', supersedes: wrong.id, digests: [] }));
    expect((await open(ref, { known })).turns).toHaveLength(2);
    const summary = {
      epoch: 1,
      covered: 1,
      coveredTurn: wrong.id,
      tokens: 1,
      at: 1,
      content: '"it is wrong"',
    };
    const expected = { generation: head.generation, edits: head.edits, epoch: 0, covered: 0 };
    expect(await store.sessions.summarize(ref, expected, summary)).toBe(false);
  });

  it('a correction is not made of what was deleted or corrected meanwhile', async () => {
    const ref = newRef();
    const wrong = draft('wrong');
    await add(ref, wrong);
    const view = await store.sessions.read(ref);
    const [turn] = view?.turns ?? [];
    if (!view || !turn) throw new Error('no turn');
    const right = draft('right', { kind: 'correction', supersedes: wrong.id, digests: [] });
    const from = { fence: 0, head: view.head };
    const options = commitOptions(right, from, { edits: view.head.edits });
    await store.sessions.redact(ref, 1, turn.content, { ...turn, content: JSON.stringify({ said: '' }) });
    expect(await store.sessions.commit(ref, options)).toEqual({ kind: 'conflict', version: 1 });
    expect(await said(ref)).toEqual(['']);
    const made = { ...options, edits: view.head.edits + 1 };
    expect(await store.sessions.commit(ref, made)).toMatchObject({ kind: 'committed', version: 2 });
    // Sent again it is the same one, though it has counted itself.
    expect(await store.sessions.commit(ref, made)).toMatchObject({ version: 2, repeated: true });
    const other = {
      ...made,
      turn: draft('other', { kind: 'correction', supersedes: wrong.id, digests: [] }),
    };
    expect(await store.sessions.commit(ref, other)).toEqual({ kind: 'conflict', version: 2 });
  });

  it('lists the sessions of a tenant and of a user, newest first, page by page', async () => {
    const tenant = `tenant ${count++}`;
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const session of names) {
      await open({ tenant, session }, { owner: session < 'c' ? 'u1' : '' });
      await place.pass(2);
    }
    const pages: string[][] = [];
    let after: SessionPlace | undefined;
    do {
      const { sessions, next } = await store.sessions.list(tenant, { limit: 2, after });
      pages.push(sessions.map(({ session }) => session));
      after = next;
    } while (after !== undefined);
    expect(pages).toEqual([['e', 'd'], ['c', 'b'], ['a']]);
    const ofUser = await store.sessions.list(tenant, { owner: 'u1', limit: 10 });
    expect(ofUser.sessions.map(({ session }) => session)).toEqual(['b', 'a']);
    expect((await store.sessions.list('nobody', { limit: 10 })).sessions).toEqual([]);
  });

  it('a list goes on where it was, though what stood there is gone, or has begun anew', async () => {
    const tenant = `tenant ${count++}`;
    for (const session of ['a', 'b', 'c', 'd', 'e']) {
      await open({ tenant, session }, { turn: `of-${session}`, owner: 'u1' });
      await place.pass(2);
    }
    for (const owner of ['u1', undefined]) {
      const page = (limit: number, after?: SessionPlace) =>
        store.sessions.list(tenant, { owner, after, limit });
      const names = async (after?: SessionPlace) =>
        (await page(10, after)).sessions.map(({ session }) => session);
      const [first, second] = (await page(10)).sessions.map(({ session }) => session) as [string, string];
      const { next } = await page(2);
      expect(next?.session).toBe(second);
      const rest = await names(next);
      if (owner === undefined) {
        await store.sessions.erase({ tenant, session: second });
        await place.pass(2);
        await open({ tenant, session: second }, { owner: 'u1' });
        expect((await names()).slice(0, 2)).toEqual([second, first]);
      } else {
        // Nothing was said in it: as if it had never been.
        await store.sessions.release({ tenant, session: second }, `of-${second}`, '');
        expect(await names()).toEqual([first, ...rest]);
      }
      expect(await names(next)).toEqual(rest);
    }
  });

  it('of those that began at one moment a list has each once', async () => {
    const tenant = `tenant ${count++}`;
    const all = ['a', 'ä', 'z', '\u{1f600}', '\uffee'];
    await Promise.all(all.map((session) => open({ tenant, session })));
    const found: string[] = [];
    let after: SessionPlace | undefined;
    do {
      const { sessions, next } = await store.sessions.list(tenant, { limit: 1, after });
      found.push(...sessions.map(({ session }) => session));
      after = next;
    } while (after !== undefined && found.length < 10);
    expect(found.toSorted()).toEqual(all.toSorted());
  });

  it('a session is found for as long as it lives, however short the life of others that begin later', async () => {
    const tenant = `tenant ${count++}`;
    await open({ tenant, session: 'long' }, { owner: 'u1' });
    await open({ tenant, session: 'short' }, { owner: 'u1', maxAgeMs: 40 });
    await place.pass(250);
    for (const owner of ['u1', undefined]) {
      const { sessions } = await store.sessions.list(tenant, { owner, limit: 10 });
      expect(sessions.map(({ session }) => session)).toContain('long');
    }
  });

  it('a session that belongs to nobody is found by whoever has spoken in it, and by nobody in its next life', async () => {
    const tenant = `tenant ${count++}`;
    const shared = { tenant, session: 'shared' };
    await store.sessions.create(shared, { owner: '', metadata: '', ttlMs: DAY, maxAgeMs: DAY });
    await place.pass(2);
    await open({ tenant, session: 'own' }, { owner: 'u1' });
    const of = async (owner: string) =>
      (await store.sessions.list(tenant, { owner, limit: 10 })).sessions.map(({ session }) => session);
    for (const owner of ['u1', 'u2', 'u2', '']) await open(shared, { owner });
    expect([await of('u1'), await of('u2'), await of('u3')]).toEqual([['own', 'shared'], ['shared'], []]);
    const first = await store.sessions.list(tenant, { owner: 'u1', limit: 1 });
    expect(first.next).toMatchObject({ session: 'own' });
    expect(await store.sessions.list(tenant, { owner: 'u1', limit: 1, after: first.next })).toMatchObject({
      sessions: [{ session: 'shared', head: { owner: '' } }],
      next: undefined,
    });
    await store.sessions.erase(shared);
    await place.pass(2);
    await open(shared, { owner: 'u3' });
    expect([await of('u1'), await of('u2'), await of('u3')]).toEqual([['own'], [], ['shared']]);
  });

  it('is opened without a turn, with a note, once', async () => {
    const ref = newRef();
    const options = { owner: '', metadata: '{"topic":"x"}', ttlMs: DAY, maxAgeMs: DAY };
    expect(await store.sessions.create(ref, options)).toBe(true);
    expect(await store.sessions.create(ref, options)).toBe(false);
    expect((await store.sessions.read(ref))?.head.metadata).toBe('{"topic":"x"}');
    expect(await store.sessions.describe(ref, '{"topic":"y"}')).toBe(true);
    expect((await store.sessions.read(ref))?.head).toMatchObject({ metadata: '{"topic":"y"}', version: 0 });
    expect(await store.sessions.describe(newRef(), '{}')).toBe(false);
    // A note goes with what it was made on.
    const short = newRef();
    await store.sessions.create(short, { owner: '', metadata: '{"topic":"z"}', ttlMs: 200, maxAgeMs: DAY });
    await place.pass(300);
    expect((await store.sessions.read(short))?.head).toMatchObject({ state: 'expired', metadata: '' });
  });

  it('refuses names that are none', async () => {
    await expect(store.sessions.read({ tenant: 't', session: '' })).rejects.toThrow(RangeError);
    await expect(store.sessions.erase({ tenant: 't', session: '\ud800' })).rejects.toThrow(RangeError);
    await expect(store.sessions.read({ tenant: 't', session: 'x'.repeat(257) })).rejects.toThrow(RangeError);
  });

  it('16 writers of 50 turns each, every turn sent twice: none lost, none doubled, in the order of commits', async () => {
    const ref = newRef();
    const versions = new Map<string, number>();
    let known: ReserveOptions['known'];
    const write = async (writer: number) => {
      for (let at = 0; at < 50; at++) {
        const turn = draft(`${writer}.${at}`);
        const from = await open(ref, { known });
        known = { generation: from.head.generation, edits: 0, version: from.head.version };
        const options = commitOptions(turn, from);
        const twice = await Promise.all([
          store.sessions.commit(ref, options),
          store.sessions.commit(ref, options),
        ]);
        for (const committed of twice) {
          if (committed.kind !== 'committed') throw new Error(committed.kind);
          versions.set(`${writer}.${at}`, committed.version);
        }
        expect(twice.filter((each) => each.kind === 'committed' && each.repeated)).toHaveLength(1);
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer)));
    const all = await said(ref);
    expect(all).toHaveLength(800);
    expect(new Set(all).size).toBe(800);
    expect(all).toEqual([...versions].sort(([, a], [, b]) => a - b).map(([text]) => text));
    expect((await store.sessions.read(ref, { limit: 0 }))?.head).toMatchObject({
      version: 800,
      tokens: 8000,
    });
  });
});
