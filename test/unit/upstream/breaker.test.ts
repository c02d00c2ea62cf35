import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { StateChange } from '../../../src/contracts/state-change.ts';
import { Breaker } from '../../../src/upstream/breaker.ts';

const SETTINGS = { errorRate: 0.5, minRequests: 4, window: 10_000, open: 5_000 };

let changes: string[] = [];
const note = ({ from, to, by, subject }: StateChange): void =>
  void changes.push(`${subject}: ${from} → ${to} (${by})`);

beforeEach(() => {
  vi.useFakeTimers();
  changes = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function made(settings: typeof SETTINGS | undefined = SETTINGS): Breaker {
  const breaker = new Breaker('catalog', { onChange: note, now: () => Date.now() });
  breaker.configure(settings);
  return breaker;
}

/** Attempts that end so, one after the other. */
async function attempts(breaker: Breaker, ...outcomes: (boolean | undefined)[]): Promise<void> {
  for (const ok of outcomes) breaker.admit()?.end(ok);
  await vi.advanceTimersByTimeAsync(0);
}

it('opens at the rate, not before enough requests have been seen', async () => {
  const breaker = made();
  await attempts(breaker, false, false, false);
  expect(breaker.state).toBe('closed');
  await attempts(breaker, true, true, false);
  expect([breaker.state, breaker.admit()]).toEqual(['open', undefined]);
  expect(breaker.retryAfterMs).toBe(5_000);
  expect(changes).toEqual(['catalog: closed → open (gateway)']);
});

it('one that nobody uses any more is open no more', async () => {
  const [judged, forced] = [made(), made()];
  await attempts(judged, false, false, false, false);
  forced.force('open', 'ann', 'maintenance');
  judged.close();
  forced.close();
  made().close();
  expect(changes).toEqual([
    'catalog: closed → open (gateway)',
    'catalog: closed → open (ann)',
    'catalog: open → closed (gateway)',
    'catalog: open → closed (gateway)',
  ]);
});

it('an error rate of 100% can be reached', async () => {
  const breaker = made({ ...SETTINGS, errorRate: 1 });
  await attempts(breaker, false, false, false, false);
  expect(breaker.state).toBe('open');
});

it('lets one probe through at a time; a good one closes it, and the past is forgotten', async () => {
  const breaker = made();
  await attempts(breaker, false, false, false, false);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(breaker.state).toBe('half-open');
  const probe = breaker.admit();
  expect([probe?.isProbe, breaker.admit()]).toEqual([true, undefined]);
  probe?.end(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(breaker.state).toBe('closed');
  await attempts(breaker, false, false, false);
  expect(breaker.state, 'four are needed again').toBe('closed');
});

it('a bad probe opens it again, one whose client left leaves the place to the next', async () => {
  const breaker = made();
  await attempts(breaker, false, false, false, false);
  await vi.advanceTimersByTimeAsync(5_000);
  breaker.admit()?.end(undefined);
  expect(breaker.state).toBe('half-open');
  await attempts(breaker, false);
  expect([breaker.state, breaker.admit()]).toEqual(['open', undefined]);
});

it('an answer that breaks off in the middle counts once, as a failure', async () => {
  const breaker = made({ ...SETTINGS, errorRate: 0.9 });
  for (let i = 0; i < 4; i++) {
    expect(breaker.state).toBe('closed');
    const pass = breaker.admit();
    pass?.begun();
    pass?.broke();
    pass?.end(true);
  }
  await vi.advanceTimersByTimeAsync(0);
  expect(breaker.state).toBe('open');
});

it('a failure whose body breaks off, too, is one failure', async () => {
  const breaker = made();
  for (let i = 0; i < 3; i++) {
    const pass = breaker.admit();
    pass?.end(false);
    pass?.broke();
  }
  await vi.advanceTimersByTimeAsync(0);
  expect(breaker.state).toBe('closed');
  await attempts(breaker, false);
  expect(breaker.state).toBe('open');
});

it('a probe whose answer has begun well is enough, and if that breaks off it counts', async () => {
  const breaker = made({ ...SETTINGS, minRequests: 1 });
  await attempts(breaker, false);
  await vi.advanceTimersByTimeAsync(5_000);
  const probe = breaker.admit();
  probe?.begun();
  await vi.advanceTimersByTimeAsync(0);
  expect(breaker.state).toBe('closed');
  probe?.broke();
  await vi.advanceTimersByTimeAsync(0);
  expect(breaker.state).toBe('open');
});

it('what began before it opened does not decide a probe', async () => {
  const breaker = made();
  const early = breaker.admit();
  await attempts(breaker, false, false, false, false);
  await vi.advanceTimersByTimeAsync(5_000);
  early?.end(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(breaker.state).toBe('half-open');
});

it('an operator’s word outweighs the figures until it is taken back', async () => {
  const breaker = made(undefined);
  breaker.force('open', 'ada', 'maintenance');
  expect([breaker.state, breaker.admit()]).toEqual(['open', undefined]);
  breaker.force('closed', 'ada', 'done');
  expect(breaker.state).toBe('closed');
  breaker.force('auto', 'ada', 'done');
  expect(changes).toEqual(['catalog: closed → open (ada)', 'catalog: open → closed (ada)']);
});

it('other settings don’t close it', async () => {
  const breaker = made();
  await attempts(breaker, false, false, false, false);
  breaker.configure({ ...SETTINGS, open: 1_000 });
  expect(breaker.state).toBe('open');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(breaker.state).toBe('half-open');
});
