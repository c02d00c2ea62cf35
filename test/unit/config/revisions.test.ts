import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deskHere } from '../../../src/config/desk.ts';
import { Revisions } from '../../../src/config/revisions.ts';
import { type Documents, type Store, StoreUnavailable } from '../../../src/contracts/store.ts';
import { openStore } from '../../../src/stores/index.ts';

const DESK = deskHere({});

let store: Store;
beforeEach(async () => {
  store = await openStore('memory:');
});
afterEach(() => store.close());

const applied = (text: string, author = 'file') => ({
  text,
  hash: createHash('sha256').update(text).digest('hex'),
  author,
});

/** The store's documents behind a switch. */
function switched(documents: Documents) {
  const state = { isDown: false };
  const guarded = new Proxy(documents, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]) => {
        if (state.isDown) return Promise.reject(new StoreUnavailable('down'));
        return Reflect.apply(method, target, args) as unknown;
      };
    },
  });
  return { state, documents: guarded };
}

it('revisions are numbered, and the newest text again is no new one', async () => {
  const revisions = new Revisions(store.documents, DESK, () => 1000);
  expect(await revisions.record(applied('version: 1\n'))).toEqual({ number: 1, isNew: true, isStored: true });
  expect(await revisions.record(applied('version: 1\n'))).toEqual({
    number: 1,
    isNew: false,
    isStored: true,
  });
  expect(await revisions.record(applied('version: 1\nlog: {}\n', 'admin'))).toMatchObject({ number: 2 });
  expect(await revisions.record(applied('version: 1\n'))).toMatchObject({ number: 3, isNew: true });
});

it('a restart goes on where the last process stopped', async () => {
  await new Revisions(store.documents, DESK).record(applied('a: 1\n'));
  await new Revisions(store.documents, DESK).record(applied('a: 2\n'));
  const revisions = new Revisions(store.documents, DESK);
  expect(await revisions.record(applied('a: 2\n'))).toMatchObject({ number: 2, isNew: false });
  expect(await revisions.record(applied('a: 3\n'))).toMatchObject({ number: 3, isNew: true });
});

it('lists the newest first without texts, and gives back one with its text as written', async () => {
  const revisions = new Revisions(store.documents, DESK, () => 1000);
  for (let n = 1; n <= 5; n += 1) await revisions.record(applied(`a: \${N:-${n}}\n`));
  const list = await revisions.list(2);
  expect(list.map(({ number }) => number)).toEqual([5, 4]);
  expect(list[0]).toEqual({
    number: 5,
    hash: applied('a: ${N:-5}\n').hash,
    at: 1000,
    author: 'file',
    note: '',
    secretsOnly: false,
    diff: [
      { kind: 'removed', text: 'a: ${N:-4}', line: 1 },
      { kind: 'added', text: 'a: ${N:-5}', line: 1 },
    ],
  });
  expect((await revisions.get(3))?.text).toBe('a: ${N:-3}\n');
  expect(await revisions.get(9)).toBeUndefined();
});

it('a crash between a revision and the head loses neither', async () => {
  const revisions = new Revisions(store.documents, DESK);
  await revisions.record(applied('a: 1\n'));
  await revisions.record(applied('a: 2\n'));
  await store.documents.put('config-head', 'config-head', { number: 1 });
  expect(await new Revisions(store.documents, DESK).record(applied('a: 3\n'))).toMatchObject({ number: 3 });
});

it('replicas that record at once never share a number', async () => {
  const replicas = Array.from({ length: 8 }, () => new Revisions(store.documents, DESK));
  const recorded = await Promise.all(replicas.map((each, n) => each.record(applied(`a: ${n}\n`))));
  expect(new Set(recorded.map(({ number }) => number)).size).toBe(8);
  const same = await Promise.all(replicas.map((each) => each.record(applied('a: same\n'))));
  expect(new Set(same.map(({ number }) => number))).toEqual(new Set([9]));
});

it('without the store the numbers go on, and nothing is lost when it comes back', async () => {
  const { state, documents } = switched(store.documents);
  const revisions = new Revisions(documents, DESK);
  await revisions.record(applied('a: 1\n'));
  state.isDown = true;
  expect(await revisions.record(applied('a: 2\n'))).toEqual({ number: 2, isNew: true, isStored: false });
  expect(await revisions.record(applied('a: 2\n'))).toEqual({ number: 2, isNew: false, isStored: false });
  expect((await revisions.get(2))?.text).toBe('a: 2\n');
  await expect(revisions.get(1)).rejects.toThrow(StoreUnavailable);
  state.isDown = false;
  expect((await revisions.list()).map(({ number }) => number)).toEqual([2, 1]);
  expect(await revisions.flush()).toBe(2);
  expect(await new Revisions(store.documents, DESK).record(applied('a: 3\n'))).toMatchObject({ number: 3 });
});

it('a start without the store counts from one and joins the history later', async () => {
  await new Revisions(store.documents, DESK).record(applied('a: 1\n'));
  const { state, documents } = switched(store.documents);
  state.isDown = true;
  const revisions = new Revisions(documents, DESK);
  expect(await revisions.record(applied('a: 2\n'))).toEqual({ number: 1, isNew: true, isStored: false });
  state.isDown = false;
  expect(await revisions.record(applied('a: 2\n'))).toEqual({ number: 2, isNew: false, isStored: true });
});

it('a literal secret reaches no diff, and that it changed is said', async () => {
  const revisions = new Revisions(store.documents, DESK);
  await revisions.record(applied('admin: { token: hunter1 }\n'));
  await revisions.record(applied('admin: { token: hunter2 }\n'));
  const list = await revisions.list();
  expect(JSON.stringify(list)).not.toContain('hunter');
  expect(list[0]).toMatchObject({ diff: [], secretsOnly: true });
});
