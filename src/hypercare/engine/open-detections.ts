import type { Cause, Detection, DetectionEvent } from '../../contracts/finding.ts';
import { DIMENSIONS } from '../../record/signals/layout.ts';
import type { Counts } from '../signals/counts.ts';
import { KIND, RING } from '../signals/leaves.ts';
import type { Mark } from '../signals/marks.ts';
import { newer } from './newer.ts';
import type { OpenDetection } from './open.ts';
import { matches } from './place.ts';
import { HOUR, MINUTE } from './settings.ts';
import type { Suspicion } from './suspicion.ts';

const CONSUMER = DIMENSIONS.indexOf('consumer');
/** Ticks after which what was not seen any more is over. */
export const OVER_AFTER = 2 * MINUTE;
/** Ticks after which what never ended is what is usual now. */
const USUAL_AFTER = 24 * HOUR;
/** Ticks from one update of what is open to the next. */
const UPDATE_EVERY = MINUTE;
/** Ticks within which beginnings of different signals are one matter. */
const TOGETHER = 3 * MINUTE;
/** Share of what is bad that must lie inside something open to be explained by it. */
const EXPLAINED = 0.5;
/** An abused key and a runaway loop cost money, too, sooner or later: the bill is no matter of its own. */
const ABUSE: ReadonlySet<string> = new Set(['access', 'cost']);

/**
 * States in which attempts fail, and the signals of that: while one lasts they are no matter of their own. That requests
 * fail for good is one: the state alone hurts nobody.
 */
const FAILING: ReadonlySet<string> = new Set(['provider_out', 'breaker_open', 'capacity_lost']);
const SPARED: ReadonlySet<string> = new Set(['attempts', 'fallback']);

/** Whose a bad event was, by their hashes, and what it cost in US dollars; below 0: it has no price. */
export interface Whose {
  readonly user: number;
  readonly session: number;
  readonly usd: number;
}

/** No leaf is spoken for. */
export const NONE_HELD = (): boolean => false;

/** What goes on as one matter, whenever it began: a signal, whatever its reason; of what drifts each feature by itself. */
const matterOf = ({ signal, reason }: Pick<Suspicion, 'signal' | 'reason'>): string =>
  signal === 'drift' ? `${signal}:${reason}` : signal;

/** What goes on as one matter with what is open, for as long as that lasts. */
const isMatterOf = ({ suspicion: open }: OpenDetection, of: Pick<Suspicion, 'signal' | 'reason'>): boolean =>
  matterOf(open) === matterOf(of) ||
  (open.signal === 'state' && FAILING.has(open.reason) && SPARED.has(of.signal));

/** What has been told and is not over: what it holds is spoken for, and does not become usual. */
export class OpenDetections {
  readonly #counts: Counts;
  readonly #explain: (suspicion: Suspicion) => Cause | undefined;
  readonly #open = new Map<string, OpenDetection>();

  /** @param explain what is known by now of a cause that was not when it opened */
  constructor(counts: Counts, explain: (suspicion: Suspicion) => Cause | undefined) {
    this.#counts = counts;
    this.#explain = explain;
  }

  get size(): number {
    return this.#open.size;
  }

  get(fingerprint: string): OpenDetection | undefined {
    return this.#open.get(fingerprint);
  }

  get all(): readonly Detection[] {
    return [...this.#open.values()].map(({ detection }) => detection);
  }

  /** Its place is frozen from now on: what happens there is not usual. */
  add(open: OpenDetection): void {
    this.#open.set(open.fingerprint, open);
    this.#freeze(open.suspicion, Number.MAX_SAFE_INTEGER);
  }

  /** The same matter turns out to be wider than what is open: from now on that is it. */
  widen(open: OpenDetection, suspicion: Suspicion, detection: Detection): void {
    open.widen(suspicion, detection);
    this.#freeze(open.suspicion, Number.MAX_SAFE_INTEGER);
  }

  /** Whether what is open is a suspicion's own matter, of which it showed less: a part of its place, or its harmless side. */
  isPartOf(open: OpenDetection, suspicion: Suspicion): boolean {
    return this.#isPartOfState(open, suspicion) || this.#isHeardOf(open, suspicion);
  }

  /** Answers drifted, and at the same place and from the same time on people say that they are worse. */
  #isHeardOf(open: OpenDetection, suspicion: Suspicion): boolean {
    if (open.suspicion.signal !== 'drift' || suspicion.signal !== 'voice') return false;
    if (Math.abs(open.suspicion.since - suspicion.since) > TOGETHER) return false;
    return this.#inside(open, suspicion) >= 0.9 && this.#covered(open, suspicion) >= 0.9;
  }

  /** The same bad state, seen at a part of its place. */
  #isPartOfState(open: OpenDetection, suspicion: Suspicion): boolean {
    if (open.suspicion.signal !== 'state' || suspicion.signal !== 'state') return false;
    // Of what nobody knows the place of, nothing is a part.
    if (open.suspicion.reason !== suspicion.reason || suspicion.places.some((place) => place.length === 0))
      return false;
    return this.#covered(open, suspicion) >= 0.9 && this.#inside(open, suspicion) < 1;
  }

  /** What is open that a suspicion belongs to. */
  explaining(suspicion: Suspicion): OpenDetection | undefined {
    return [...this.#open.values()].find((open) => this.#explains(open, suspicion));
  }

  /** Whether what is open holds most of what is bad in a suspicion, or is it but for a little. */
  #explains(open: OpenDetection, suspicion: Suspicion): boolean {
    if (this.isPartOf(open, suspicion)) return true;
    // That calls have changed explains nothing that hurts: it may be the same matter, seen from its harmless side.
    if (open.suspicion.signal === 'drift' && suspicion.signal !== 'drift') return false;
    // What is charged for calls has nothing to do with how they go.
    if ((open.suspicion.signal === 'bill') !== (suspicion.signal === 'bill')) return false;
    // That a fallback stood by is another matter than what it stood by at, with a remedy of its own.
    if ((open.suspicion.family === 'fallback') !== (suspicion.family === 'fallback')) return false;
    // What is older than the ring can have begun whenever: with what was open then.
    const isOld = suspicion.since <= this.#counts.tick - RING + 2 && open.suspicion.since <= suspicion.since;
    const areTogether = isOld || Math.abs(open.suspicion.since - suspicion.since) <= TOGETHER;
    const isAbuse = ABUSE.has(open.suspicion.family) && ABUSE.has(suspicion.family);
    if (!isMatterOf(open, suspicion) && !areTogether && !isAbuse) return false;
    const inside = this.#inside(open, suspicion);
    if (inside >= EXPLAINED) return true;
    if (!areTogether) return false;
    // The same beginning, and what is open lies wholly in the wider place: it was cut too fine.
    return this.#covered(open, suspicion) >= 0.9 && inside >= 0.25;
  }

  /** Share of a suspicion that lies in what is open. */
  #inside(open: OpenDetection, suspicion: Suspicion): number {
    // A leak has hardly any bad ones yet: it is weighed by all that goes there.
    const isLeak = suspicion.detector === 'creep' && open.suspicion.detector === 'creep';
    const weighed = isLeak ? { ...suspicion, mark: undefined } : suspicion;
    return this.#shareInside(weighed, (leaf) => open.holds(this.#counts, leaf));
  }

  /** Share of what is open that lies in a suspicion. */
  #covered(open: OpenDetection, { places }: Suspicion): number {
    return this.#shareInside(open.suspicion, (leaf) =>
      places.some((place) => matches(this.#counts, leaf, place)),
    );
  }

  #shareInside({ mark, places, kind, since }: Suspicion, isInside: (leaf: number) => boolean): number {
    const { leaves, tick } = this.#counts;
    const cells = mark && this.#counts.cells(mark.id);
    const from = Math.max(0, since, tick - RING + 1);
    let all = 0;
    let inside = 0;
    for (let leaf = 0; leaf < leaves.end; leaf++) {
      if (!leaves.isUsed(leaf)) continue;
      if (cells ? leaves.value(leaf, KIND) !== kind : leaves.value(leaf, KIND) !== 0) continue;
      if (!places.some((place) => matches(this.#counts, leaf, place))) continue;
      const cell = cells?.of(leaf);
      if (cells && !cell) continue;
      let weight = 0;
      for (let at = from; at <= tick; at++)
        weight += cell ? (cell.ring[at % RING] as number) : leaves.total(leaf, at);
      all += weight;
      if (isInside(leaf)) inside += weight;
    }
    return all === 0 ? 0 : inside / all;
  }

  /** Leaves that are spoken for: by something open of the same matter, or of the same family that has only just begun. */
  heldLeaves(
    family: Suspicion['family'],
    of: Pick<Suspicion, 'signal' | 'reason'>,
  ): (leaf: number) => boolean {
    const { tick } = this.#counts;
    const open = [...this.#open.values()].filter(
      (each) =>
        each.suspicion.family === family && (isMatterOf(each, of) || tick - each.openedTick <= TOGETHER),
    );
    return open.length === 0 ? NONE_HELD : (leaf) => open.some((each) => each.holds(this.#counts, leaf));
  }

  isHeld(family: Suspicion['family'], dimension: number, value: number): boolean {
    return this.#isNamed(dimension, value, (suspicion) => suspicion.family === family);
  }

  isSlowOpen(dimension: number, value: number): boolean {
    for (const { suspicion, places } of this.#open.values()) {
      if (suspicion.signal !== 'slow') continue;
      // Wherever the place does not speak of this dimension, it may lie inside.
      if (places.some((place) => !place.some((each) => each.dimension === dimension && each.value !== value)))
        return true;
    }
    return false;
  }

  isCreeping(dimension: number, value: number): boolean {
    return this.#isNamed(dimension, value, ({ detector }) => detector === 'creep');
  }

  /** Whether the place of something open, of those that are meant, names this value. */
  #isNamed(dimension: number, value: number, isMeant: (suspicion: Suspicion) => boolean): boolean {
    for (const { suspicion, places } of this.#open.values()) {
      if (!isMeant(suspicion)) continue;
      if (places.some((place) => place.some((each) => each.dimension === dimension && each.value === value)))
        return true;
    }
    return false;
  }

  #freeze({ mark, places, signal }: Suspicion, untilTick: number): void {
    // Calls go on as usual, whatever is charged for them, and while a state lasts of which nobody knows whom it hits.
    if (signal === 'bill' || (!mark && places.some((place) => place.length === 0))) return;
    if (mark) this.#counts.freeze(mark.id, untilTick);
    const { leaves } = this.#counts;
    for (let leaf = 0; leaf < leaves.end; leaf++) {
      if (leaves.isUsed(leaf) && places.some((place) => matches(this.#counts, leaf, place)))
        leaves.freeze(leaf, untilTick);
    }
  }

  onBad(leaf: number, mark: Mark, { user, session, usd }: Whose): void {
    if (this.#open.size === 0) return;
    for (const open of this.#open.values()) {
      if (open.mark !== mark || !open.holds(this.#counts, leaf)) continue;
      if (user !== 0) open.users.add(user);
      if (session !== 0) open.sessions.add(session);
      const consumer = this.#counts.leaves.value(leaf, CONSUMER);
      if (consumer > 1) open.consumers.add(consumer);
      if (usd > 0) open.usd += usd;
    }
  }

  /** Newer figures of what is open, and the end of what is over. */
  step(now: number, timeOf: (tick: number) => number): DetectionEvent[] {
    const counts = this.#counts;
    const { tick } = counts;
    const events: DetectionEvent[] = [];
    for (const open of this.#open.values()) {
      const { bad, total } = this.#countsOf(open);
      open.step(bad, total);
      if (this.#isAlive(open)) open.lastSeen = tick;
      // What is not counted has no usual that it could become: it is there or it is not.
      const isUsual = open.mark !== undefined && tick - open.openedTick >= USUAL_AFTER;
      const isOver = tick - open.lastSeen >= OVER_AFTER || isUsual;
      if (isOver) {
        this.#open.delete(open.fingerprint);
        this.#freeze(open.suspicion, tick);
        const until = timeOf(open.lastSeen + 1);
        const ended = { ...open.detection, when: { ...open.detection.when, until } };
        events.push({ kind: 'ended', at: now, detection: ended });
      } else if ((tick - open.openedTick) % UPDATE_EVERY === UPDATE_EVERY - 1) {
        const cause = open.detection.cause.kind === 'unknown' ? this.#explain(open.suspicion) : undefined;
        open.detection = { ...newer(open), ...(cause && { cause }) };
        events.push({ kind: 'updated', at: now, detection: open.detection });
      }
    }
    return events;
  }

  #countsOf(open: OpenDetection): { bad: number; total: number } {
    const counts = this.#counts;
    const cells = open.mark && counts.cells(open.mark.id);
    let bad = 0;
    let total = 0;
    for (const leaf of counts.touched) {
      if (counts.leaves.value(leaf, KIND) !== open.suspicion.kind || !open.holds(counts, leaf)) continue;
      total += counts.leaves.total(leaf, counts.tick);
      bad += cells?.of(leaf)?.ring[counts.tick % RING] ?? 0;
    }
    return { bad, total };
  }

  /** Whether the last minute still shows a good part of the excess. Without counts: whoever saw it must see it again. */
  #isAlive(open: OpenDetection): boolean {
    if (!open.mark || open.ticks.length < MINUTE || open.suspicion.total === 0) return false;
    const { bad, total, expected } = open.suspicion;
    const usual = expected / total;
    const excess = bad / total - usual;
    const lately = open.ticks.slice(-MINUTE);
    const sum = (of: 'bad' | 'total'): number => lately.reduce((all, each) => all + each[of], 0);
    const due = sum('total') * usual;
    return sum('bad') > due + 2 * Math.sqrt(due) && sum('bad') > due + 0.2 * excess * sum('total');
  }
}
