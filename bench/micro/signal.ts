// node --expose-gc bench/micro/signal.ts: what it takes to write a request's signal down (and to keep the request to be shown), and what 100,000 leaves take.
import { writeFileSync } from 'node:fs';
import { Counts } from '../../src/hypercare/signals/counts.ts';
import { KEY, RING } from '../../src/hypercare/signals/leaves.ts';
import { SignalTap } from '../../src/record/signals/signal-tap.ts';
import { Chance } from '../scenarios/chance.ts';
import { SOURCES } from '../scenarios/virtual-run.ts';
import { draw } from '../scenarios/world.ts';

const CALLS = 200_000;
const LEAVES = 100_000;

function recording(): { median: number; p99: number; mean: number; hand: number } {
  const chance = new Chance(1);
  // Few enough to be in the cache, as an exchange that has just ended is.
  const exchanges = Array.from({ length: 256 }, () => draw(chance, 1_000_000, 1));
  const away: ArrayBuffer[] = [];
  const writer = new SignalTap(SOURCES);
  writer.connect({
    send: (batch) => away.push(batch.buffer) > 0,
    onDropped: () => {
      throw new Error('nothing is dropped here');
    },
    context: () => undefined,
    everyMs: 60_000,
  });
  const times = new Float64Array(CALLS);
  const round = (): void => {
    for (let i = 0; i < CALLS; i++) {
      const exchange = exchanges[i & 255] as (typeof exchanges)[0];
      const began = process.hrtime.bigint();
      writer.record(exchange);
      times[i] = Number(process.hrtime.bigint() - began);
      for (const buffer of away.splice(0)) writer.giveBack(buffer);
    }
  };
  for (let i = 0; i < 3; i++) round();
  // What the clock itself takes is not the writer's.
  const clock = new Float64Array(CALLS);
  for (let i = 0; i < CALLS; i++) {
    const began = process.hrtime.bigint();
    clock[i] = Number(process.hrtime.bigint() - began);
  }
  clock.sort();
  round();
  const own = clock[CALLS / 2] as number;
  const sorted = times.slice().sort();
  return {
    median: (sorted[CALLS / 2] as number) - own,
    p99: (sorted[Math.floor(CALLS * 0.99)] as number) - own,
    mean: times.reduce((sum, each) => sum + each, 0) / CALLS - own,
    hand: (sorted[Math.floor(CALLS * 0.9995)] as number) - own,
  };
}

function memory(): { megabytes: number; tickMs: number } {
  const used = (): number => {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return (heapUsed + arrayBuffers) / 1e6;
  };
  const before = used();
  const counts = new Counts(LEAVES);
  const key = new Uint16Array(KEY);
  const errors = counts.marks.of('errors', 'upstream_5xx');
  let tickMs = 0;
  for (let tick = 0; tick < RING + 4; tick++) {
    for (let i = 0; i < LEAVES - 1; i++) {
      // 100 routes, 10 targets, 100 consumers, as the numbers of names.
      key[0] = 2 + (i % 100);
      key[2] = 2 + (Math.floor(i / 100) % 10);
      key[8] = 2 + Math.floor(i / 1000);
      const leaf = counts.signal(key);
      if (i % 50 === 0) counts.bad(leaf, errors, `request-${tick}-${i}`);
      else counts.good(leaf, `request-${i}`);
    }
    const began = performance.now();
    counts.sumUp();
    counts.next();
    tickMs = performance.now() - began;
  }
  if (counts.leaves.size < LEAVES - 1) throw new Error(`only ${counts.leaves.size} leaves`);
  return { megabytes: used() - before, tickMs };
}

const { median, p99, mean, hand } = recording();
const { megabytes, tickMs } = memory();
const text = `# signal: what a request's signal costs, and what 100,000 leaves take

\`node --expose-gc bench/micro/signal.ts\` · Node ${process.version}

| what | figure | bound |
| --- | ---: | ---: |
| recording a signal, median | ${median.toFixed(0)} ns | |
| recording a signal, mean, handing over of batches included | ${mean.toFixed(0)} ns | |
| recording a signal, 99th percentile | ${p99.toFixed(0)} ns | 1,000 ns |
| with the handing over of a batch of 1,024 (1 in 1,024) | ${(hand / 1000).toFixed(1)} µs | |
| 100,000 leaves, six minutes of ticks, 2 % of them with bad ones | ${megabytes.toFixed(1)} MB | 64 MB |
| summing up a tick in which all 100,000 had signals | ${tickMs.toFixed(0)} ms | 500 ms (5 % of a tick) |
`;
process.stdout.write(text);
writeFileSync(new URL('../results/signal.md', import.meta.url), text);
