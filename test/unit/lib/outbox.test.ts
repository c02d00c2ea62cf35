import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Outbox, Undelivered } from '../../../src/lib/outbox.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function outbox(options: { most?: number; batch?: number } = {}) {
  const delivered: number[][] = [];
  const dropped: number[] = [];
  const failures: string[] = [];
  const place = { isUp: true };
  const box = new Outbox<number>({
    deliver: async (batch) => {
      if (!place.isUp) throw new Error('away');
      delivered.push([...batch]);
    },
    onFailure: (error, waiting) => void failures.push(`${error.message} ${waiting}`),
    onDropped: (item) => void dropped.push(item),
    everyMs: 20,
    batch: options.batch ?? 3,
    most: options.most ?? 100,
  });
  return { box, delivered, dropped, failures, place };
}

it('what comes within the time goes together, in order, in batches', async () => {
  const { box, delivered } = outbox();
  for (let i = 0; i < 5; i++) box.push(i);
  expect(delivered).toEqual([]);
  await vi.advanceTimersByTimeAsync(21);
  expect(delivered).toEqual([
    [0, 1, 2],
    [3, 4],
  ]);
  box.push(5);
  await vi.advanceTimersByTimeAsync(20);
  expect(delivered.at(-1)).toEqual([5]);
});

it('what could not be delivered is delivered later, before what came meanwhile', async () => {
  const { box, delivered, failures, place } = outbox();
  place.isUp = false;
  box.push(1);
  await vi.advanceTimersByTimeAsync(20);
  box.push(2);
  expect(failures).toEqual(['away 1']);
  expect(await box.flush()).toBe(false);
  place.isUp = true;
  await vi.advanceTimersByTimeAsync(600);
  expect(delivered).toEqual([[1, 2]]);
});

it('beyond its size the oldest go, and are told', async () => {
  const { box, delivered, dropped } = outbox({ most: 3 });
  for (let i = 0; i < 5; i++) box.push(i);
  expect(dropped).toEqual([0, 1]);
  expect(await box.close()).toBe(0);
  expect(delivered).toEqual([[2, 3, 4]]);
});

it('closing says how much never arrived', async () => {
  const { box, place } = outbox();
  place.isUp = false;
  for (let i = 0; i < 5; i++) box.push(i);
  expect(await box.close()).toBe(5);
});

it('of a batch of which some was delivered only the rest is sent again', async () => {
  const delivered: number[] = [];
  const failures: string[] = [];
  let isWhole = false;
  const box = new Outbox<number>({
    deliver: async (batch) => {
      const left = isWhole ? [] : batch.filter((item) => item % 2 === 0);
      delivered.push(...batch.filter((item) => !left.includes(item)));
      if (left.length > 0) throw new Undelivered(left, new Error('even'));
    },
    onFailure: (error, waiting) => void failures.push(`${error.message} ${waiting}`),
    onDropped: () => undefined,
    everyMs: 20,
    batch: 5,
    most: 100,
  });
  for (let i = 0; i < 5; i++) box.push(i);
  expect(await box.flush()).toBe(false);
  isWhole = true;
  expect(await box.flush()).toBe(true);
  expect([delivered, failures]).toEqual([[1, 3, 0, 2, 4], ['even 3']]);
});

/** Items are called after their lane and their place in it: `a1`. */
function lanes(most = 100) {
  const away = new Set<string>();
  const delivered: string[] = [];
  const attempts: string[][] = [];
  const dropped: string[] = [];
  const laneOf = (item: string): string => item.slice(0, 1);
  const box = new Outbox<string>({
    deliver: async (batch) => {
      attempts.push([...batch]);
      const left = batch.filter((item) => away.has(laneOf(item)));
      delivered.push(...batch.filter((item) => !left.includes(item)));
      if (left.length > 0) throw new Undelivered(left, new Error('away'));
    },
    laneOf,
    onFailure: () => undefined,
    onDropped: (item) => void dropped.push(item),
    everyMs: 20,
    batch: 3,
    most,
  });
  return { box, away, delivered, attempts, dropped };
}

it('however many lanes fail, no other waits for them; in each lane the order stays', async () => {
  const { box, away, delivered } = lanes();
  for (const lane of 'abcd') away.add(lane);
  for (const item of ['a1', 'b1', 'c1', 'd1', 'a2', 'h1', 'h2']) box.push(item);
  await vi.advanceTimersByTimeAsync(25);
  expect(delivered).toEqual(['h1', 'h2']);
  // Those that fail have been tried again meanwhile.
  await vi.advanceTimersByTimeAsync(1000);
  box.push('i1');
  await vi.advanceTimersByTimeAsync(600);
  expect(delivered.slice(2)).toEqual(['i1']);
  away.clear();
  expect(await box.flush()).toBe(true);
  expect(delivered.filter((item) => item.startsWith('a'))).toEqual(['a1', 'a2']);
});

it('lanes that fail are tried in turn, as often as they were', async () => {
  const { box, away, attempts, delivered } = lanes();
  for (const lane of 'abcdef') away.add(lane);
  for (const lane of 'abcdef') box.push(`${lane}1`);
  await vi.advanceTimersByTimeAsync(25);
  away.delete('f');
  attempts.length = 0;
  await vi.advanceTimersByTimeAsync(1000);
  expect([attempts.map(String), delivered]).toEqual([['a1,b1,c1', 'd1,e1,f1'], ['f1']]);
});

it('who waits for one lane has that tried at once, and at the end all are', async () => {
  const { box, away, delivered, attempts } = lanes();
  for (const lane of 'abcdef') away.add(lane);
  for (const lane of 'abcdef') box.push(`${lane}1`);
  expect(await box.flush()).toBe(false);
  for (const lane of 'ef') away.delete(lane);
  attempts.length = 0;
  expect(await box.flushLane('f')).toBe(true);
  expect([await box.flushLane('a'), await box.flushLane('g')]).toEqual([false, true]);
  expect(attempts).toEqual([['f1'], ['a1']]);
  expect(await box.close()).toBe(4);
  expect(delivered).toEqual(['f1', 'e1']);
});

it('each of many who wait for their lanes hears of its own, and lanes that are late pause', async () => {
  const { box, away, delivered, attempts } = lanes();
  for (const lane of 'abcdef') box.push(`${lane}1`);
  for (const lane of 'abcdef') away.add(lane);
  expect(await box.flush()).toBe(false);
  for (const lane of 'ac') away.delete(lane);
  attempts.length = 0;
  expect(await Promise.all([...'abc'].map((lane) => box.flushLane(lane)))).toEqual([true, false, true]);
  expect(delivered).toEqual(['a1', 'c1']);
  expect(attempts.flat().toSorted()).toEqual(['a1', 'b1', 'c1']);
  await vi.advanceTimersByTimeAsync(400);
  expect(attempts.length).toBeLessThan(5);
});

it('late lanes that are waited for at once are tried together', async () => {
  const { box, away, attempts } = lanes();
  for (const lane of 'abcde') box.push(`${lane}1`);
  for (const lane of 'abcde') away.add(lane);
  expect(await box.flush()).toBe(false);
  attempts.length = 0;
  const tried = await Promise.all([...'abcd'].map((lane) => box.flushLane(lane)));
  expect(tried).toEqual([false, false, false, false]);
  expect(attempts.map((batch) => batch.toSorted().join())).toEqual(['a1', 'b1,c1,d1']);
});

it('lanes that nobody waits for are tried in their time, however others are waited for', async () => {
  const { box, away, attempts } = lanes();
  for (const lane of 'ab') box.push(`${lane}1`);
  for (const lane of 'ab') away.add(lane);
  expect(await box.flush()).toBe(false);
  attempts.length = 0;
  for (let passed = 0; passed < 10; passed++) {
    await Promise.all([box.flushLane('a'), vi.advanceTimersByTimeAsync(100)]);
  }
  expect(attempts.flat()).toContain('b1');
});

it('of too many those go first that could not be delivered', async () => {
  const { box, away, dropped } = lanes(3);
  away.add('a').add('b');
  for (const item of ['a1', 'b1']) box.push(item);
  await vi.advanceTimersByTimeAsync(25);
  for (const item of ['h1', 'h2']) box.push(item);
  await vi.advanceTimersByTimeAsync(1);
  expect(dropped).toEqual(['a1']);
});

it('what is dropped is delivered no more: neither what waits, nor what is on its way and comes back', async () => {
  const attempts: number[][] = [];
  let fail = (): void => undefined;
  const box = new Outbox<number>({
    deliver: (batch) => {
      attempts.push([...batch]);
      return attempts.length > 1
        ? Promise.resolve()
        : new Promise((_, reject) => {
            fail = () => reject(new Error('away'));
          });
    },
    onFailure: () => undefined,
    onDropped: () => undefined,
    everyMs: 20,
    batch: 3,
    most: 100,
  });
  for (let i = 0; i < 6; i++) box.push(i);
  await vi.advanceTimersByTimeAsync(20);
  const ended: string[] = [];
  const dropping = box.drop((item) => item % 2 === 0).finally(() => void ended.push('drop'));
  await vi.advanceTimersByTimeAsync(1000);
  expect([attempts, ended]).toEqual([[[0, 1, 2]], []]);
  // Others are not held up by it.
  expect(await box.drop((item) => item === 5)).toEqual([5]);
  fail();
  expect((await dropping).toSorted()).toEqual([0, 2, 4]);
  expect(await box.flush()).toBe(true);
  expect(attempts.slice(1)).toEqual([[1, 3]]);
});

it('what was taken out and is put back is delivered after all, before what has come since', async () => {
  const { box, delivered } = outbox();
  for (const item of [1, 2]) box.push(item);
  const taken = await box.drop((item) => item === 2);
  box.push(3);
  box.putBack(taken);
  await vi.advanceTimersByTimeAsync(20);
  expect(delivered).toEqual([[2, 1, 3]]);
  box.putBack([4]);
  await vi.advanceTimersByTimeAsync(20);
  expect(delivered.at(-1)).toEqual([4]);
});

it('what arrives while it is to be dropped is not told as dropped', async () => {
  let arrive = (): void => undefined;
  const box = new Outbox<number>({
    deliver: () =>
      new Promise((resolve) => {
        arrive = resolve;
      }),
    onFailure: () => undefined,
    onDropped: () => undefined,
    everyMs: 20,
    batch: 3,
    most: 100,
  });
  box.push(1);
  await vi.advanceTimersByTimeAsync(20);
  const dropping = box.drop(() => true);
  arrive();
  expect([await dropping, box.size]).toEqual([[], 0]);
});
