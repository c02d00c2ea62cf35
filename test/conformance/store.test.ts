import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Limit, LimitAlgorithm, Store } from '../../src/contracts/store.ts';
import { until } from '../helpers/redis-server.ts';
import { type Place, places } from './store-places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ALGORITHMS: LimitAlgorithm[] = ['fixed-window', 'sliding-window', 'token-bucket'];

const SHORT = 250;
const LONG = 3_600_000;

describe.each(places)('a store on $name', ({ make }) => {
  let place: Place;
  let store: Store;
  let fresh = 0;
  /** Each test has its own key and collection, so that they may run in any order. */
  let mine = '';

  beforeAll(async () => {
    place = await make();
    store = await place.open();
  });

  afterAll(async () => {
    await store?.close();
    await place?.remove();
  });

  beforeEach(() => {
    mine = `test ${fresh++}`;
  });

  it('answers a ping', async () => {
    await expect(store.ping()).resolves.toBeUndefined();
  });

  describe('counters', () => {
    it('add up, and say how long the window still runs', async () => {
      expect(await store.counters.add(mine, 1, LONG)).toEqual({ value: 1, resetMs: LONG });
      const second = await store.counters.add(mine, 41, LONG);
      expect(second.value).toBe(42);
      expect(second.resetMs).toBeGreaterThan(0);
      expect(second.resetMs).toBeLessThanOrEqual(LONG);
    });

    it('start again when the window is over, which further steps do not put off', async () => {
      await store.counters.add(mine, 5, SHORT);
      await until(async () => {
        await place.pass(100);
        // Steps of 5 come to 5 only in a window of their own, and time passes between two of them.
        return (await store.counters.add(mine, 5, SHORT)).value === 5;
      }, 'a new window');
    });

    it('read with a step of 0, which starts no window', async () => {
      expect(await store.counters.add(mine, 0, SHORT)).toEqual({ value: 0, resetMs: SHORT });
      await place.pass(100);
      expect(await store.counters.add(mine, 0, SHORT)).toEqual({ value: 0, resetMs: SHORT });
      await store.counters.add(mine, 7, LONG);
      expect((await store.counters.add(mine, 0, LONG)).value).toBe(7);
      expect((await store.counters.add(mine, 0, LONG)).value).toBe(7);
    });

    it('take back, but never under 0 and never from a window that is over', async () => {
      expect((await store.counters.add(mine, -3, LONG)).value).toBe(0);
      expect((await store.counters.add(mine, 10, LONG)).value).toBe(10);
      expect((await store.counters.add(mine, -4, LONG)).value).toBe(6);
      expect((await store.counters.add(mine, -100, LONG)).value).toBe(0);
      expect((await store.counters.add(mine, 2, LONG)).value).toBe(2);
    });

    it('cut a window that runs longer than it should by now', async () => {
      await store.counters.add(mine, 3, LONG);
      const cut = await store.counters.add(mine, 1, 5000);
      expect(cut.value).toBe(4);
      expect(cut.resetMs).toBeLessThanOrEqual(5000);
      expect((await store.counters.add(mine, 0, LONG)).resetMs).toBeLessThanOrEqual(5000);
    });

    it('count money exactly', async () => {
      const large = 2 ** 52;
      await store.counters.add(mine, large, LONG);
      expect((await store.counters.add(mine, 1, LONG)).value).toBe(large + 1);
    });

    it('give 1000 parallel steps each its own value', async () => {
      const states = await Promise.all(Array.from({ length: 1000 }, () => store.counters.add(mine, 1, LONG)));
      expect(states.map((state) => state.value).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 1000 }, (_, at) => at + 1),
      );
    });

    it('keep keys apart, whatever they are made of', async () => {
      const keys = [
        'a',
        'a ',
        'A',
        '{a}',
        '}a{',
        '{}',
        'a:b',
        "a'b",
        'a"b',
        'a\nb',
        'a\0b',
        '__proto__',
        'é',
        '🙂',
      ];
      for (const [at, key] of keys.entries()) await store.counters.add(`${mine}${key}`, at + 1, LONG);
      for (const [at, key] of keys.entries()) {
        expect((await store.counters.add(`${mine}${key}`, 0, LONG)).value).toBe(at + 1);
      }
      expect((await store.counters.add('__proto__', 1, LONG)).value).toBe(1);
    });

    it('forget on reset', async () => {
      await store.counters.add(mine, 9, LONG);
      await store.counters.reset(mine);
      await store.counters.reset(`${mine} never seen`);
      expect(await store.counters.add(mine, 1, LONG)).toEqual({ value: 1, resetMs: LONG });
    });

    it.each([
      ['', 1, LONG],
      ['k'.repeat(513), 1, LONG],
      ['é'.repeat(257), 1, LONG],
      ['\ud800', 1, LONG],
      ['k', 0.5, LONG],
      ['k', Number.NaN, LONG],
      ['k', 2 ** 53, LONG],
      ['k', 1, 0],
      ['k', 1, 0.5],
      ['k', 1, Number.POSITIVE_INFINITY],
    ])('refuse the step %j, %d, %d', async (key, by, windowMs) => {
      await expect((async () => store.counters.add(key, by, windowMs))()).rejects.toThrow(RangeError);
    });

    it('take a key of 512 bytes', async () => {
      expect((await store.counters.add(`${mine}${'k'.repeat(512 - mine.length)}`, 1, LONG)).value).toBe(1);
    });
  });

  describe('limits', () => {
    const limitOf = (algorithm: LimitAlgorithm, limit: number, windowMs: number, key = 'k'): Limit => ({
      key,
      algorithm,
      limit,
      windowMs,
      burst: limit,
    });
    const take = async (limits: Limit[], cost = 1) => {
      const states = await store.counters.take(mine, limits, cost);
      return { states, passed: states.every(({ waitMs }) => waitMs === 0) };
    };

    describe.each(ALGORITHMS)('%s', (algorithm) => {
      it('lets so many pass, counts no refusal, and says when to come again', async () => {
        const limit = limitOf(algorithm, 3, LONG);
        for (const left of [2, 1, 0]) {
          const { states, passed } = await take([limit]);
          expect(passed).toBe(true);
          expect(states[0]?.remaining).toBe(left);
          expect(states[0]?.resetMs).toBeGreaterThan(0);
        }
        for (let again = 0; again < 3; again++) {
          const [state] = (await take([limit])).states;
          expect(state).toMatchObject({ remaining: 0 });
          expect(state?.waitMs).toBeGreaterThan(0);
          expect(state?.waitMs).toBeLessThanOrEqual(LONG * 1.1);
        }
        // More by two than was there: had refusals counted, this would be refused too.
        expect((await take([{ ...limit, limit: 5, burst: 5 }], 2)).passed).toBe(true);
      });

      it('has room again after a while', async () => {
        const limit = limitOf(algorithm, 2, SHORT);
        expect((await take([limit], 2)).passed).toBe(true);
        await until(async () => {
          await place.pass(50);
          return (await take([limit], 2)).passed;
        }, 'room for two');
      });

      it('lets exactly so many of a crowd pass', async () => {
        const limit = limitOf(algorithm, 300, LONG);
        const crowd = await Promise.all(Array.from({ length: 1000 }, () => take([limit])));
        const passed = crowd.filter((each) => each.passed).length;
        // A bucket of 300 an hour gives back one in 12 s, which is how long a busy machine may take.
        expect(passed).toBeGreaterThanOrEqual(300);
        expect(passed).toBeLessThanOrEqual(algorithm === 'token-bucket' ? 305 : 300);
      });

      it('reads with a cost of 0', async () => {
        const limit = limitOf(algorithm, 5, LONG);
        for (let again = 0; again < 3; again++) {
          const [state] = (await take([limit], 0)).states;
          expect(state).toMatchObject({ remaining: 5, waitMs: 0 });
        }
        await take([limit], 2);
        expect((await take([limit], 0)).states[0]?.remaining).toBe(3);
      });

      it('lets nothing pass that costs more than there ever is', async () => {
        const { states, passed } = await take([limitOf(algorithm, 2, LONG)], 3);
        expect(passed).toBe(false);
        expect(states[0]).toMatchObject({ remaining: 2 });
      });
    });

    it('are taken together or not at all', async () => {
      const many = ALGORITHMS.map((algorithm) => limitOf(algorithm, 100, LONG, algorithm));
      const one = limitOf('fixed-window', 1, LONG, 'one');
      const first = await take([...many, one]);
      expect(first.states.map(({ remaining }) => remaining)).toEqual([99, 99, 99, 0]);
      const second = await take([...many, one]);
      expect(second.passed).toBe(false);
      expect(second.states.map(({ remaining }) => remaining)).toEqual([99, 99, 99, 0]);
      expect(second.states.map(({ waitMs }) => waitMs > 0)).toEqual([false, false, false, true]);
      expect((await take(many, 0)).states.map(({ remaining }) => remaining)).toEqual([99, 99, 99]);
    });

    it('let as many pass at once as the burst says, and then one by one', async () => {
      const bucketOf = (limit: number): Limit => ({
        ...limitOf('token-bucket', limit, LONG, `${limit}`),
        burst: 2,
      });
      // One in 10 s, and one in 100 ms: neither is there too early, nor too late, on a busy machine.
      const [slow, quick] = [bucketOf(360), bucketOf(36_000)];
      expect((await take([slow, quick], 2)).states).toMatchObject([
        { remaining: 0, waitMs: 0 },
        { remaining: 0, waitMs: 0 },
      ]);
      const [state] = (await take([slow])).states;
      expect(state?.waitMs).toBeGreaterThan(0);
      expect(state?.waitMs).toBeLessThanOrEqual(10_000);
      await until(async () => {
        await place.pass(100);
        return (await take([quick])).passed;
      }, 'a token');
    });

    it('keep scopes and keys apart', async () => {
      const names = [
        ['a', 'bc'],
        ['ab', 'c'],
        ['a}', 'b'],
        ['a', '}b'],
        ['', 'abc'],
        ['}', 'x'],
        ['é', '🙂'],
      ];
      for (const [scope = '', key = ''] of names) {
        const own = `${mine}${scope}`;
        const limits = [
          limitOf('fixed-window', 1, LONG, key),
          limitOf('fixed-window', 1, LONG, `${key} too`),
        ];
        const states = await store.counters.take(own, limits, 1);
        expect(states.map(({ waitMs }) => waitMs)).toEqual([0, 0]);
      }
    });

    it.each([
      [{ key: 'k'.repeat(513) }, 1],
      [{ key: '\ud800' }, 1],
      [{ limit: -1 }, 1],
      [{ limit: 0.5 }, 1],
      [{ windowMs: 0 }, 1],
      [{ windowMs: 1.5 }, 1],
      [{ algorithm: 'token-bucket', limit: 0 }, 1],
      [{ algorithm: 'token-bucket', burst: 0 }, 1],
      [{}, -1],
      [{}, 0.5],
    ] as [Partial<Limit>, number][])('refuse %j at a cost of %d', async (wrong, cost) => {
      const limit = { ...limitOf('fixed-window', 1, LONG), ...wrong };
      await expect((async () => store.counters.take(mine, [limit], cost))()).rejects.toThrow(RangeError);
    });
  });

  describe('documents', () => {
    it('are not there until they are put', async () => {
      expect(await store.documents.get(mine, 'a')).toBeUndefined();
      expect(await store.documents.list(mine)).toEqual([]);
      expect(await store.documents.delete(mine, 'a')).toBe(false);
    });

    it('come back as they were put, one version further each time', async () => {
      expect(await store.documents.put(mine, 'a', { n: 1 })).toEqual({ ok: true, version: 1 });
      expect(await store.documents.get(mine, 'a')).toEqual({ id: 'a', version: 1, value: { n: 1 } });
      expect(await store.documents.put(mine, 'a', ['two'])).toEqual({ ok: true, version: 2 });
      expect(await store.documents.get(mine, 'a')).toEqual({ id: 'a', version: 2, value: ['two'] });
    });

    it.each([
      [null],
      [false],
      [0],
      [''],
      [[]],
      [{}],
      [1.5e300],
      ['\ud800 \0 "\\\n'],
      [{ a: { b: [null, 'é🙂'] } }],
    ])('hold %j', async (value) => {
      await store.documents.put(mine, 'a', value);
      expect((await store.documents.get(mine, 'a'))?.value).toEqual(value);
    });

    it('hold a key named __proto__ as a key', async () => {
      await store.documents.put(mine, 'a', JSON.parse('{"__proto__":{"admin":true}}'));
      const value = (await store.documents.get<Record<string, unknown>>(mine, 'a'))?.value ?? {};
      expect(Object.keys(value)).toEqual(['__proto__']);
      expect(value.admin).toBeUndefined();
    });

    it('refuse what is not JSON', async () => {
      await expect(store.documents.put(mine, 'a', undefined)).rejects.toThrow(TypeError);
      await expect(store.documents.put(mine, 'a', () => 1)).rejects.toThrow(TypeError);
      await expect(store.documents.put(mine, 'a', 1n)).rejects.toThrow(TypeError);
    });

    it('are written at the expected version only', async () => {
      await store.documents.put(mine, 'a', 'one');
      expect(await store.documents.put(mine, 'a', 'two', { ifVersion: 1 })).toEqual({ ok: true, version: 2 });
      expect(await store.documents.put(mine, 'a', 'three', { ifVersion: 1 })).toEqual({
        ok: false,
        version: 2,
      });
      expect(await store.documents.put(mine, 'b', 'one', { ifVersion: 1 })).toEqual({
        ok: false,
        version: 0,
      });
      expect((await store.documents.get(mine, 'a'))?.value).toBe('two');
      expect(await store.documents.get(mine, 'b')).toBeUndefined();
    });

    it('are created once with ifVersion 0', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) => store.documents.put(mine, 'a', at, { ifVersion: 0 })),
      );
      expect(results.filter((result) => result.ok)).toHaveLength(1);
      expect(results.filter((result) => !result.ok).every((result) => result.version === 1)).toBe(true);
    });

    it('are deleted, at the expected version only, and start again at 1', async () => {
      await store.documents.put(mine, 'a', 'one');
      expect(await store.documents.delete(mine, 'a', { ifVersion: 2 })).toBe(false);
      expect(await store.documents.delete(mine, 'a', { ifVersion: 0 })).toBe(false);
      expect(await store.documents.delete(mine, 'a', { ifVersion: 1 })).toBe(true);
      expect(await store.documents.delete(mine, 'a')).toBe(false);
      expect(await store.documents.list(mine)).toEqual([]);
      expect(await store.documents.put(mine, 'a', 'again', { ifVersion: 0 })).toEqual({
        ok: true,
        version: 1,
      });
      expect(await store.documents.delete(mine, 'a')).toBe(true);
    });

    it('are gone when their time is up, for get, list, put and delete', async () => {
      for (const id of ['a', 'b', 'c']) await store.documents.put(mine, id, id, { ttlMs: SHORT });
      await store.documents.put(mine, 'd', 'stays');
      await until(async () => {
        await place.pass(100);
        return (await store.documents.list(mine)).length === 1;
      }, 'the documents to run out');
      expect(await store.documents.list(mine)).toEqual([{ id: 'd', version: 1, value: 'stays' }]);
      expect(await store.documents.get(mine, 'a')).toBeUndefined();
      expect(await store.documents.delete(mine, 'a')).toBe(false);
      expect(await store.documents.put(mine, 'b', 'new', { ifVersion: 0 })).toEqual({ ok: true, version: 1 });
      expect((await store.documents.list(mine)).map((document) => document.id)).toEqual(['b', 'd']);
    });

    it('stay when a later put gives no time', async () => {
      await store.documents.put(mine, 'a', 1, { ttlMs: SHORT });
      const kept = await store.documents.put(mine, 'a', 2);
      expect(kept.ok).toBe(true);
      await place.pass(SHORT + 50);
      expect((await store.documents.get(mine, 'a'))?.value).toBe(2);
    });

    it('are listed in the order of ids by code point, page by page', async () => {
      // By UTF-16 unit the last two would change places.
      const ids = ['', '!', 'A', 'a', 'a\0', 'a\n', 'aa', 'b', 'é', '\uffee', '🙂'].filter((id) => id !== '');
      for (const id of [...ids].reverse()) await store.documents.put(mine, id, `value of ${id}`);
      const listed = await store.documents.list(mine);
      expect(listed.map((document) => document.id)).toEqual(ids);
      expect(listed.at(-1)).toEqual({ id: '🙂', version: 1, value: 'value of 🙂' });

      const paged: string[] = [];
      for (let after = ''; ; after = paged.at(-1) ?? '') {
        const page = await store.documents.list(mine, { after, limit: 3 });
        paged.push(...page.map((document) => document.id));
        if (page.length < 3) break;
      }
      expect(paged).toEqual(ids);
      expect((await store.documents.list(mine, { after: 'az' })).map((document) => document.id)).toEqual(
        ids.slice(ids.indexOf('b')),
      );

      await store.documents.put(mine, 'b', 'another value');
      expect(await store.documents.versions(mine)).toEqual(
        ids.map((id) => ({ id, version: id === 'b' ? 2 : 1 })),
      );
      expect(await store.documents.versions(mine, { after: 'aa', limit: 2 })).toEqual([
        { id: 'b', version: 2 },
        { id: 'é', version: 1 },
      ]);
    });

    it('say what was written since a look, and nothing else', async () => {
      const { documents } = store;
      const begin = await documents.written(mine);
      expect(begin.ids).toBeUndefined();
      expect(await documents.written(mine, begin.stamp)).toEqual({ stamp: begin.stamp, ids: [] });
      await documents.put(mine, 'a', 1);
      await documents.put(mine, 'b 2', 1);
      await documents.put(mine, 'a', 2);
      const two = await documents.written(mine, begin.stamp);
      expect(two.ids?.toSorted()).toEqual(['a', 'b 2']);
      await documents.delete(mine, 'a');
      const gone = await documents.written(mine, two.stamp);
      expect(gone.ids).toEqual(['a']);
      await documents.delete(mine, 'b 2');
      await documents.put(mine, 'c', 1);
      const other = await documents.written(mine, gone.stamp);
      expect(other.ids?.toSorted()).toEqual(['b 2', 'c']);
      await documents.put(mine, 'c', 2, { ifVersion: 7 });
      await documents.delete(mine, 'nothing');
      await documents.put(`${mine} beside it`, 'a', 1);
      expect(await documents.written(mine, other.stamp)).toEqual({ stamp: other.stamp, ids: [] });
      // Whoever has not looked for long has to look through all of it, and so has who looks with another store's stamp.
      expect((await documents.written(mine, '999999999')).ids).toBeUndefined();
      await Promise.all(Array.from({ length: 1200 }, (_, at) => documents.put(mine, 'c', at)));
      const late = await documents.written(mine, other.stamp);
      expect(late.ids).toBeUndefined();
      expect(await documents.written(mine, late.stamp)).toEqual({ stamp: late.stamp, ids: [] });
    });

    it('are listed 100 at a time unless told, never more than 1000', async () => {
      const ids = Array.from({ length: 1100 }, (_, at) => String(at).padStart(4, '0'));
      await Promise.all(ids.map((id) => store.documents.put(mine, id, 1)));
      const listed = async (limit?: number) =>
        (await store.documents.list(mine, { limit })).map((document) => document.id);
      expect(await listed()).toEqual(ids.slice(0, 100));
      expect(await listed(700)).toEqual(ids.slice(0, 700));
      expect(await listed(5000)).toEqual(ids.slice(0, 1000));
      expect(await listed(0)).toEqual([]);
    });

    it('keep hostile ids and collections apart', async () => {
      const names = [
        `'`,
        `"`,
        '`',
        '{',
        '}',
        '{}',
        '}{',
        '%',
        '\\',
        '\n',
        '\0',
        ' ',
        ':',
        '*',
        '-',
        '+',
        '(',
        '[',
      ];
      names.push(
        '__proto__',
        'constructor',
        "'; DROP TABLE documents; --",
        '../..',
        '${x}',
        '\u202e',
        'a'.repeat(512),
      );
      for (const name of names) {
        await store.documents.put(mine, name, name);
        await store.documents.put(`${mine}${name}`.slice(0, 512), 'id', name);
      }
      for (const name of names) {
        expect((await store.documents.get(mine, name))?.value).toBe(name);
        const collection = `${mine}${name}`.slice(0, 512);
        expect(await store.documents.list(collection)).toEqual([{ id: 'id', version: 1, value: name }]);
      }
      expect(await store.documents.list(mine)).toHaveLength(names.length);
    });

    it.each([
      ['', 'a'],
      ['c', ''],
      ['c', 'x'.repeat(513)],
      ['c', '\udfff'],
      ['\ud800', 'a'],
    ])('refuse the address %j, %j', async (collection, id) => {
      await expect(store.documents.put(collection, id, 1)).rejects.toThrow(RangeError);
      await expect(store.documents.get(collection, id)).rejects.toThrow(RangeError);
      await expect(store.documents.delete(collection, id)).rejects.toThrow(RangeError);
    });

    it('hold a megabyte, and list several', async () => {
      const large = '0123456789abcdé🙂'.repeat(65_536);
      for (const id of ['a', 'b', 'c', 'd']) await store.documents.put(mine, id, large + id);
      expect((await store.documents.get<string>(mine, 'a'))?.value === `${large}a`).toBe(true);
      const listed = await store.documents.list<string>(mine);
      expect(listed.map((document) => document.value.length)).toEqual(Array(4).fill(large.length + 1));
    });

    it('lose nothing under 50 writers that compare and set', async () => {
      await store.documents.put<number[]>(mine, 'log', []);
      const append = async (entry: number) => {
        for (;;) {
          const read = await store.documents.get<number[]>(mine, 'log');
          const entries = [...(read?.value ?? []), entry];
          if ((await store.documents.put(mine, 'log', entries, { ifVersion: read?.version })).ok) return;
        }
      };
      await Promise.all(Array.from({ length: 50 }, (_, entry) => append(entry)));
      const log = await store.documents.get<number[]>(mine, 'log');
      expect(log?.version).toBe(51);
      expect(log?.value.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, entry) => entry));
    });
  });
});
