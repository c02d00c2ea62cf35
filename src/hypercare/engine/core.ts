import type { ContextSignal, FeedbackSignal } from '../../contracts/engine.ts';
import type { Detection, DetectionEvent } from '../../contracts/finding.ts';
import type { WatchedTick } from '../../contracts/signal.ts';
import { DIMENSIONS, type NewName, type SignalBatch } from '../../record/signals/layout.ts';
import { Counts } from '../signals/counts.ts';
import { Translation } from '../signals/dictionary.ts';
import { KIND, RING } from '../signals/leaves.ts';
import type { Mark } from '../signals/marks.ts';
import { KeyUse, readDenials } from './access.ts';
import { burns } from './burns.ts';
import { explain, type KnownChange } from './cause.ts';
import { complaintClusters } from './complaints.ts';
import { creeps } from './creep.ts';
import { describe, fingerprintOf, type Hit, partyOf, whoWasHit } from './describe.ts';
import { Intake } from './intake.ts';
import { billDifference, spendingRises } from './money.ts';
import { Objectives } from './objectives.ts';
import { OpenDetection } from './open.ts';
import { peerOutliers } from './peers.ts';
import { matches } from './place.ts';
import { Rises } from './rises.ts';
import { type EngineSettings, HOUR, MINUTE } from './settings.ts';
import { States } from './states.ts';
import type { Suspicion } from './suspicion.ts';
import { Watches } from './watches.ts';

const CONSUMER = DIMENSIONS.indexOf('consumer');
const ROUTE = DIMENSIONS.indexOf('route');

/** Changes of state that are kept: the last hours of them. */
const MOST_CHANGES = 1000;
/** Detections open at once; beyond it a flood is one matter, and the rest waits. */
const MOST_OPEN = 100;
/** Ticks after which what was not seen any more is over. */
const OVER_AFTER = 2 * MINUTE;
/** Ticks after which what never ended is what is usual now. */
const USUAL_AFTER = 24 * HOUR;
/** Ticks from one update of what is open to the next. */
const UPDATE_EVERY = MINUTE;
/** Ticks that may be missing; beyond it time was not what it seemed, and counts of it say nothing. */
const MOST_GAP = 3;
/** Ticks within which beginnings of different signals are one matter. */
const TOGETHER = 3 * MINUTE;
/** Share of what is bad that must lie inside something open to be explained by it. */
const EXPLAINED = 0.5;
/** An abused key and a runaway loop cost money, too, sooner or later: the bill is no matter of its own. */
const ABUSE: ReadonlySet<string> = new Set(['access', 'cost']);
/** Share of what is bad that makes it one client's matter. */
const ONE_CLIENT = 0.8;

export interface TickResult {
  readonly events: readonly DetectionEvent[];
  readonly watched: readonly WatchedTick[];
}

/** What is left of the tick's calculation for the next: when it began and whether time went as it should. */
interface Clock {
  lastTickAt: number;
  /** Wall clock at each tick's beginning, for as many as are looked back at. */
  readonly beganAt: Map<number, number>;
  disturbedUntil: number;
}

/**
 * The engine that turns traffic into detections, without a thread, a timer or a store: it is fed, and told that a tick is
 * over. One tick: counts are summed up, detectors look at them, what lasts and is not explained opens.
 */
export class HypercareCore {
  readonly counts: Counts;
  readonly intake: Intake;
  readonly objectives: Objectives;
  readonly #rises: Rises;
  readonly #states = new States();
  readonly #keyUse = new KeyUse();
  readonly watches: Watches;
  readonly #sources = new Map<string, Translation>();
  readonly #open = new Map<string, OpenDetection>();
  readonly #changes: KnownChange[] = [];
  readonly #pending = new Map<string, number>();
  readonly #told: Suspicion[] = [];
  readonly #clock: Clock = { lastTickAt: 0, beganAt: new Map(), disturbedUntil: -1 };
  #settings: EngineSettings;
  #revision = 0;
  isPartial = false;
  /** Told when a tick has been summed up, before it is looked at. */
  onSummed: (now: number) => void = () => undefined;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
    this.counts = new Counts(settings.mostLeaves);
    this.objectives = new Objectives(this.counts.dictionary);
    this.intake = new Intake(this.counts, this.objectives);
    this.intake.onBad = (leaf, mark, user, session, client) => this.#onBad(leaf, mark, user, session, client);
    this.#rises = new Rises(this.counts, this.objectives);
    this.watches = new Watches(this.counts);
    this.use(settings);
  }

  /** The configuration's part, from now on. */
  use(settings: EngineSettings): void {
    this.#settings = settings;
    this.objectives.use(settings.objectives);
    const { dictionary } = this.counts;
    this.intake.cacheTtl = new Map(
      Object.entries(settings.cacheTtl).map(([route, ttl]) => [dictionary.of(ROUTE, route), ttl]),
    );
  }

  get settings(): EngineSettings {
    return this.#settings;
  }

  /** @param source which process or replica it is from: its numbers are its own */
  take(source: string, batch: SignalBatch): void {
    this.intake.take(batch, this.#translationOf(source));
  }

  /** Names that a source has told before. */
  learn(source: string, names: readonly NewName[]): void {
    this.#translationOf(source).learn(names);
  }

  #translationOf(source: string): Translation {
    let translation = this.#sources.get(source);
    if (!translation) {
      translation = new Translation(this.counts.dictionary);
      this.#sources.set(source, translation);
    }
    return translation;
  }

  /** A source has ended, or begins anew with numbers of its own. */
  forget(source: string): void {
    this.#sources.delete(source);
  }

  feedback(signal: FeedbackSignal): void {
    this.intake.feedback(signal);
  }

  context(signal: ContextSignal): void {
    this.intake.context(signal);
  }

  reconciled(bill: { provider: string; ledgerUsd: number; providerUsd: number }): void {
    const suspicion = billDifference(this.counts, bill);
    if (suspicion) this.#told.push(suspicion);
  }

  change(change: Omit<KnownChange, 'tick'>): void {
    const known = { ...change, tick: this.counts.tick };
    this.#changes.push(known);
    if (this.#changes.length > MOST_CHANGES) this.#changes.shift();
    if (change.kind === 'revision') this.#revision = Number(change.to) || 0;
    this.#states.take(known);
  }

  /** Goes on from a tick that another engine had come to. Windows are empty at first: they are not looked at for a minute. */
  goOn(tick: number, now: number): void {
    this.counts.tick = tick;
    this.#clock.lastTickAt = now;
    this.#clock.disturbedUntil = tick + MINUTE;
  }

  /** What was open when an engine before this one ended: told again as open, and ended by this one. */
  resume(detections: readonly Detection[], now: number): void {
    for (const detection of detections) {
      const suspicion = this.#suspicionOf(detection);
      const { fingerprint, when } = detection;
      this.#open.set(
        fingerprint,
        new OpenDetection(fingerprint, suspicion, detection, this.counts.tick, when.since),
      );
      this.#freeze(suspicion, Number.MAX_SAFE_INTEGER);
    }
    this.#clock.lastTickAt = now;
  }

  get open(): readonly Detection[] {
    return [...this.#open.values()].map(({ detection }) => detection);
  }

  /** A tick is over. @param now wall clock, milliseconds since the epoch */
  tick(now: number): TickResult {
    const { counts, intake, objectives } = this;
    const { tick } = counts;
    const isSteady = this.#keepTime(now);
    counts.sumUp();
    this.onSummed(now);
    for (const objective of objectives.all) objective.step();
    if (isSteady) this.#rises.step();
    else this.#rises.reset();
    const isMinute = tick % MINUTE === MINUTE - 1;
    if (isMinute)
      for (const [dimension, value, times] of intake.latencies.all())
        times.minute(this.#isSlowOpen(dimension, value));
    for (const spender of intake.spending.all())
      spender.step(this.#isHeld('cost', CONSUMER, spender.consumer));
    for (const [dimension, value, , distribution] of intake.drift.all())
      distribution.step(this.#isHeld('service', dimension, value));
    intake.promptLengths.step();
    this.#keyUse.step(intake, tick, (consumer) => this.#isHeld('access', CONSUMER, consumer));
    const events = [...this.#stepOpen(now), ...(isSteady ? this.#look(now, isMinute) : [])];
    const watched = this.watches.step(now);
    intake.next();
    counts.next();
    this.#clock.beganAt.set(counts.tick, now);
    this.#clock.beganAt.delete(counts.tick - 48 * HOUR);
    return { events, watched };
  }

  /** Whether time went on as it should. After a jump of the clock, or a pause, a few ticks are not looked at. */
  #keepTime(now: number): boolean {
    const { tick } = this.counts;
    const { tickMs } = this.#settings;
    const gap = this.#clock.lastTickAt === 0 ? tickMs : now - this.#clock.lastTickAt;
    this.#clock.lastTickAt = now;
    if (!this.#clock.beganAt.has(tick)) this.#clock.beganAt.set(tick, now - tickMs);
    if (gap < 0 || gap > MOST_GAP * tickMs) this.#clock.disturbedUntil = tick + MINUTE;
    return tick > this.#clock.disturbedUntil;
  }

  #at(tick: number, now: number): number {
    const { beganAt } = this.#clock;
    return beganAt.get(tick) ?? now - (this.counts.tick - tick + 1) * this.#settings.tickMs;
  }

  get #confirmTicks(): number {
    return Math.max(1, Math.ceil(this.#settings.confirmMs / this.#settings.tickMs));
  }

  /** What the detectors see in this tick, the likeliest matter first. */
  #look(now: number, isMinute: boolean): DetectionEvent[] {
    const { counts, intake, objectives } = this;
    const isOut = (mark: Mark) => this.#heldLeaves(mark.rule.family, mark.signal);
    const drifting = this.#drifting();
    const suspicions = [
      ...this.#rises.suspicions(
        this.#confirmTicks,
        isOut,
        ({ signal, reason }) => signal !== 'drift' || drifting.has(reason),
      ),
      ...(isMinute ? peerOutliers(counts, this.#heldLeaves('service', 'errors')) : []),
      ...this.#keyUse.suspicions(counts),
      ...spendingRises(counts, intake.spending),
      ...(isMinute ? burns(counts, objectives) : []),
      ...(isMinute ? creeps(counts, intake.latencies) : []),
      ...complaintClusters(counts, intake.complaints),
      ...this.#states.suspicions(counts, this.#settings, true),
      ...this.#told.splice(0),
    ].sort((a, b) => a.rank - b.rank || b.bad - b.expected - (a.bad - a.expected));
    const events = suspicions.flatMap((suspicion) => this.#consider(suspicion, now));
    for (const [fingerprint, tick] of this.#pending)
      if (tick < counts.tick - OVER_AFTER) this.#pending.delete(fingerprint);
    return events;
  }

  #drifting(): Set<string> {
    const features = new Set<string>();
    for (const [, , feature, { shift }] of this.intake.drift.all())
      if (shift && shift.index >= 0.25 && shift.index > shift.bound) features.add(feature);
    return features;
  }

  #consider(suspicion: Suspicion, now: number): DetectionEvent[] {
    const { counts } = this;
    const fingerprint = fingerprintOf(counts, suspicion);
    const known = this.#open.get(fingerprint);
    if (known) {
      known.lastSeen = counts.tick;
      return [];
    }
    if (counts.tick - suspicion.since + 1 < this.#confirmTicks && suspicion.baseline !== 'objective')
      return [];
    if (this.#open.size >= MOST_OPEN) return [];
    const explaining = [...this.#open.values()].find((open) => this.#explains(open, suspicion));
    if (explaining) {
      explaining.lastSeen = counts.tick;
      return [];
    }
    const hit = whoWasHit(counts, suspicion);
    if (!this.#hitsEnough(suspicion, hit)) return [];
    const read = this.#readCloser(suspicion);
    const sinceAt = this.#at(suspicion.since, now);
    const { correlates, cause } = explain(counts, read, this.#changes, sinceAt);
    const detection = describe(counts, {
      fingerprint,
      suspicion: read,
      hit,
      correlates,
      cause,
      sinceAt,
      revisions: [this.#revision],
      isPartial: this.isPartial,
    });
    const open = new OpenDetection(fingerprint, read, detection, counts.tick, sinceAt);
    open.users.merge(hit.users);
    open.sessions.merge(hit.sessions);
    open.parties.merge(hit.parties);
    open.bad = read.bad;
    open.total = read.total;
    open.usd = hit.usd;
    this.#open.set(fingerprint, open);
    this.#freeze(read, Number.MAX_SAFE_INTEGER);
    return [{ kind: 'opened', at: now, detection }];
  }

  /** With what only a closer look tells of the cause. */
  #readCloser(suspicion: Suspicion): Suspicion {
    if (suspicion.family === 'access' && suspicion.mark)
      return { ...suspicion, ...readDenials(this.counts, suspicion) };
    const cause = suspicion.cause ?? this.intake.promptLengths.explain(suspicion);
    return cause ? { ...suspicion, cause } : suspicion;
  }

  /** Two parties or more, none of them nearly all of it, unless nobody else was there who could have been hit. */
  #hitsEnough({ parties, mark, places }: Suspicion, hit: Hit): boolean {
    if (!mark || parties === 1) return true;
    const isOneClients = places.flat().some(({ dimension }) => dimension === CONSUMER);
    if (mark.rule.family === 'client' && isOneClients) return false;
    if (hit.parties.count >= parties && hit.heaviest < ONE_CLIENT) return true;
    if (mark.rule.family !== 'service' || isOneClients || mark.signal === 'slow') return false;
    // One consumer alone uses this, through one address: what fails here fails for everybody.
    const consumers = new Set<number>();
    const { leaves } = this.counts;
    for (let leaf = 0; leaf < leaves.end; leaf++) {
      if (leaves.isUsed(leaf) && places.some((place) => matches(this.counts, leaf, place)))
        consumers.add(leaves.value(leaf, CONSUMER));
    }
    return consumers.size <= 1;
  }

  /** Whether what is open holds most of what is bad in a suspicion, or is it but for a little. */
  #explains(open: OpenDetection, suspicion: Suspicion): boolean {
    // That calls have changed explains nothing that hurts: it may be the same matter, seen from its harmless side.
    if (open.suspicion.signal === 'drift' && suspicion.signal !== 'drift') return false;
    // What is older than the ring can have begun whenever: with what was open then.
    const isOld = suspicion.since <= this.counts.tick - RING + 2 && open.suspicion.since <= suspicion.since;
    const areTogether = isOld || Math.abs(open.suspicion.since - suspicion.since) <= TOGETHER;
    const isAbuse = ABUSE.has(open.suspicion.family) && ABUSE.has(suspicion.family);
    if (open.suspicion.signal !== suspicion.signal && !areTogether && !isAbuse) return false;
    const inside = this.#shareInside(suspicion, (leaf) => open.holds(this.counts, leaf));
    if (inside >= EXPLAINED) return true;
    if (!areTogether) return false;
    // The same beginning, and what is open lies wholly in the wider place: it was cut too fine.
    const covered = this.#shareInside(open.suspicion, (leaf) =>
      suspicion.places.some((place) => matches(this.counts, leaf, place)),
    );
    return covered >= 0.9 && inside >= 0.25;
  }

  #shareInside({ mark, places, kind, since }: Suspicion, isInside: (leaf: number) => boolean): number {
    const { leaves, tick } = this.counts;
    const cells = mark && this.counts.cells(mark.id);
    const from = Math.max(0, since, tick - RING + 1);
    let all = 0;
    let inside = 0;
    for (let leaf = 0; leaf < leaves.end; leaf++) {
      if (!leaves.isUsed(leaf)) continue;
      if (cells ? leaves.value(leaf, KIND) !== kind : leaves.value(leaf, KIND) !== 0) continue;
      if (!places.some((place) => matches(this.counts, leaf, place))) continue;
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

  /** Leaves that are spoken for: by something open of the same signal, or of the same family that has only just begun. */
  #heldLeaves(family: Suspicion['family'], signal: string): (leaf: number) => boolean {
    const { tick } = this.counts;
    const open = [...this.#open.values()].filter(
      ({ suspicion, openedTick }) =>
        suspicion.family === family && (suspicion.signal === signal || tick - openedTick <= TOGETHER),
    );
    return (leaf) => open.some((each) => each.holds(this.counts, leaf));
  }

  #isHeld(family: Suspicion['family'], dimension: number, value: number): boolean {
    for (const { suspicion, places } of this.#open.values()) {
      if (suspicion.family !== family) continue;
      if (places.some((place) => place.some((each) => each.dimension === dimension && each.value === value)))
        return true;
    }
    return false;
  }

  #isSlowOpen(dimension: number, value: number): boolean {
    for (const { suspicion, places } of this.#open.values()) {
      if (suspicion.signal !== 'slow') continue;
      // Wherever the place does not speak of this dimension, it may lie inside.
      if (places.some((place) => !place.some((each) => each.dimension === dimension && each.value !== value)))
        return true;
    }
    return false;
  }

  #freeze({ mark, places }: Suspicion, untilTick: number): void {
    if (mark) this.counts.freeze(mark.id, untilTick);
    const { leaves } = this.counts;
    for (let leaf = 0; leaf < leaves.end; leaf++) {
      if (leaves.isUsed(leaf) && places.some((place) => matches(this.counts, leaf, place)))
        leaves.freeze(leaf, untilTick);
    }
  }

  #onBad(leaf: number, mark: Mark, user: number, session: number, client: number): void {
    if (this.#open.size === 0) return;
    for (const open of this.#open.values()) {
      if (open.mark !== mark || !open.holds(this.counts, leaf)) continue;
      if (user !== 0) open.users.add(user);
      if (session !== 0) open.sessions.add(session);
      open.parties.add(partyOf(this.counts.leaves.value(leaf, CONSUMER), user, client));
    }
  }

  /** Newer figures of what is open, and the end of what is over. */
  #stepOpen(now: number): DetectionEvent[] {
    const { counts } = this;
    const { tick } = counts;
    const events: DetectionEvent[] = [];
    for (const open of this.#open.values()) {
      const { bad, total } = this.#countsOf(open);
      open.step(bad, total);
      if (this.#isAlive(open)) open.lastSeen = tick;
      const isOver = tick - open.lastSeen >= OVER_AFTER || tick - open.openedTick >= USUAL_AFTER;
      if (isOver) {
        this.#open.delete(open.fingerprint);
        this.#freeze(open.suspicion, tick);
        const until = this.#at(open.lastSeen + 1, now);
        const ended = { ...open.detection, when: { ...open.detection.when, until } };
        events.push({ kind: 'ended', at: now, detection: ended });
      } else if ((tick - open.openedTick) % UPDATE_EVERY === UPDATE_EVERY - 1) {
        open.detection = newer(open);
        events.push({ kind: 'updated', at: now, detection: open.detection });
      }
    }
    return events;
  }

  #countsOf(open: OpenDetection): { bad: number; total: number } {
    const { counts } = this;
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

  #suspicionOf(detection: Detection): Suspicion {
    const { counts } = this;
    const { detector, reason, category, labels, what, where, why, severity, impact } = detection;
    const known = counts.marks.matching(`${what.signal}:${reason}`)[0];
    const isMarked = what.unit === 'rate' && isSignal(what.signal);
    const mark = known ?? (isMarked ? counts.marks.of(what.signal as Mark['signal'], reason) : undefined);
    return {
      detector,
      signal: what.signal,
      reason,
      category,
      family:
        mark?.rule.family ?? (detector === 'access' ? 'access' : detector === 'cost' ? 'cost' : 'service'),
      rank: mark?.rule.rank ?? 5,
      labels,
      parties: 1,
      mark,
      kind: mark?.rule.kind ?? 0,
      places: where.scopes.map((scope) =>
        DIMENSIONS.flatMap((name, dimension) => {
          const value = scope[name];
          return value === undefined ? [] : [{ dimension, value: counts.dictionary.of(dimension, value) }];
        }),
      ),
      share: where.share,
      since: counts.tick,
      bad: impact.requests,
      total: what.unit === 'rate' && what.observed > 0 ? impact.requests / what.observed : 0,
      expected:
        what.unit === 'rate' && what.observed > 0 ? (impact.requests / what.observed) * what.expected : 0,
      statistic: why.statistic,
      threshold: why.threshold,
      baseline: why.baseline,
      sentence: why.sentence,
      severity,
    };
  }
}

const SIGNAL_NAMES: ReadonlySet<string> = new Set([
  'errors',
  'attempts',
  'slow',
  'silent',
  'contract',
  'stale',
  'outdated',
  'loop',
  'fallback',
  'access',
  'client',
  'drift',
  'context',
  'voice',
]);
const isSignal = (name: string): boolean => SIGNAL_NAMES.has(name);

/** What is open, with what was counted since. */
function newer(open: OpenDetection): Detection {
  const { detection, users, sessions, bad, total, suspicion } = open;
  const counted = suspicion.mark !== undefined && total > 0;
  const lately = open.ticks.slice(-RING);
  // A few ticks say little: until the ring is full of them, what it opened with counts, too.
  const before = lately.length < RING ? suspicion : { bad: 0, total: 0 };
  const sum = (of: 'bad' | 'total'): number => lately.reduce((all, each) => all + each[of], before[of]);
  const observed = sum('total') > 0 ? sum('bad') / sum('total') : detection.what.observed;
  const { expected } = detection.what;
  const isRate = detection.what.unit === 'rate' && counted;
  return {
    ...detection,
    what: isRate
      ? { ...detection.what, observed, ratio: expected > 0 ? observed / expected : null }
      : detection.what,
    impact: {
      ...detection.impact,
      requests: counted ? bad : detection.impact.requests,
      share: counted ? bad / total : detection.impact.share,
      users: users.count > 0 ? users.count : null,
      sessions: sessions.count > 0 ? sessions.count : null,
    },
  };
}
