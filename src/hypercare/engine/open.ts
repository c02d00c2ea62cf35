import type { Detection } from '../../contracts/finding.ts';
import { HyperLogLog } from '../../lib/hyperloglog.ts';
import type { Counts } from '../signals/counts.ts';
import type { Mark } from '../signals/marks.ts';
import { matches } from './place.ts';
import type { Suspicion } from './suspicion.ts';

/** Ticks that are kept of what is open: an hour. */
const KEPT = 360;

/** Something that was told and is not over. */
export class OpenDetection {
  readonly fingerprint: string;
  suspicion: Suspicion;
  detection: Detection;
  readonly openedTick: number;
  /** The last tick in which it was seen. */
  lastSeen: number;
  readonly sinceAt: number;
  readonly users: HyperLogLog = new HyperLogLog();
  readonly sessions: HyperLogLog = new HyperLogLog();
  readonly consumers: HyperLogLog = new HyperLogLog();
  bad = 0;
  total = 0;
  /** Of the bad ones, US dollars. */
  usd = 0;
  /** Bad and total by tick since it opened, the last hour of it. */
  readonly ticks: { bad: number; total: number }[] = [];

  constructor(
    fingerprint: string,
    suspicion: Suspicion,
    detection: Detection,
    tick: number,
    sinceAt: number,
  ) {
    this.fingerprint = fingerprint;
    this.suspicion = suspicion;
    this.detection = detection;
    this.openedTick = tick;
    this.lastSeen = tick;
    this.sinceAt = sinceAt;
  }

  get mark(): Mark | undefined {
    return this.suspicion.mark;
  }

  get places(): Suspicion['places'] {
    return this.suspicion.places;
  }

  /** It turns out to be more than it was taken for: the same matter in a wider place, or what it does to people. */
  widen(suspicion: Suspicion, detection: Detection): void {
    const { fingerprint, when } = this.detection;
    if (suspicion.mark !== this.mark) {
      // Counts of another signal don't add up with those before.
      this.ticks.length = 0;
      this.bad = suspicion.bad;
      this.total = suspicion.total;
    }
    this.suspicion = { ...suspicion, since: this.suspicion.since };
    this.detection = { ...detection, fingerprint, when: { ...detection.when, since: when.since } };
  }

  holds(counts: Counts, leaf: number): boolean {
    return this.places.some((place) => matches(counts, leaf, place));
  }

  step(bad: number, total: number): void {
    this.bad += bad;
    this.total += total;
    if (this.ticks.push({ bad, total }) > KEPT) this.ticks.shift();
  }
}
