import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Counter, type Figures, figuresOf, openMetrics } from '../../../src/telemetry/metrics.ts';
import { SummedMetrics } from '../../../src/telemetry/summed-metrics.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Figures of a process that has counted so many. */
async function counted(requests: number): Promise<Figures> {
  const registry = openMetrics({ process: false });
  new Counter({ name: 'requests', help: 'x', registers: [registry] }).inc(requests);
  return figuresOf(registry);
}

it('what a process counted stays in the sum when it ends, though nobody has read the page', async () => {
  const alive = new Map([[1, await counted(5)]]);
  const metrics = new SummedMetrics(openMetrics({ process: false }), async () => new Map(alive));
  await vi.advanceTimersByTimeAsync(20_000);
  alive.delete(1);
  await metrics.ended(1);
  expect(await metrics.metrics()).toContain('requests 5');
  metrics.close();
});

it('figures that come when their process has ended are not counted twice', async () => {
  const figures = new Map([[1, await counted(5)]]);
  let answer = (): void => undefined;
  let isSlow = false;
  const metrics = new SummedMetrics(openMetrics({ process: false }), async () => {
    if (isSlow) await new Promise<void>((resolve) => (answer = resolve));
    return new Map(figures);
  });
  await metrics.metrics();
  isSlow = true;
  const page = metrics.metrics();
  await metrics.ended(1);
  answer();
  expect(await page).toContain('requests 5');
  metrics.close();
});

it('what several counted that end at once, and what one had counted last, is in the sum', async () => {
  const figures = new Map([
    [1, await counted(5)],
    [2, await counted(7)],
  ]);
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => (answer = resolve));
  const metrics = new SummedMetrics(openMetrics({ process: false }), async () => {
    const old = new Map(figures);
    await asked;
    figures.clear();
    return old;
  });
  const page = metrics.metrics();
  metrics.take(1, await counted(6));
  metrics.take(2, await counted(8));
  answer();
  expect(await page).toContain('requests 14');
  void metrics.ended(1);
  const [after] = await Promise.all([metrics.metrics(), metrics.ended(2)]);
  expect(after).toContain('requests 14');
  expect(await metrics.metrics()).toContain('requests 14');
  metrics.close();
});
