import type { ContextSignal, FeedbackSignal } from '../../contracts/engine.ts';
import type { Detection, DetectionEvent } from '../../contracts/finding.ts';
import type { WatchedTick } from '../../contracts/signal.ts';
import { DIMENSIONS, type NewName, type SignalBatch } from '../../record/signals/layout.ts';
import { Counts } from '../signals/counts.ts';
import { Translation } from '../signals/dictionary.ts';
import type { Mark } from '../signals/marks.ts';
import { KeyUse, readDenials } from './access.ts';
import { Bills } from './bills.ts';
import { budgetBurnt } from './budget-burnt.ts';
import { burns } from './burns.ts';
import { explain, type KnownChange, MOST_CHANGES } from './cause.ts';
import { Clock } from './clock.ts';
import { complaintClusters } from './complaints.ts';
import { creeps } from './creep.ts';
import { describe, fingerprintOf, type Hit, whoWasHit } from './describe.ts';
import { Intake } from './intake.ts';
import { spendingRises } from './money.ts';
import { Objectives } from './objectives.ts';
import { OpenDetection } from './open.ts';
import { OpenDetections, OVER_AFTER } from './open-detections.ts';
import { peerOutliers } from './peers.ts';
import { matches } from './place.ts';
import { suspicionOf } from './resumed.ts';
import { Rises } from './rises.ts';
import { type EngineSettings, MINUTE } from './settings.ts';
import { States } from './states.ts';
import type { Suspicion } from './suspicion.ts';
import { unusedFallback } from './unused-fallback.ts';
import { Watches } from './watches.ts';

const CONSUMER = DIMENSIONS.indexOf('consumer');
const ROUTE = DIMENSIONS.indexOf('route');

/** Families of what is the gateway's matter, or its upstreams', and not that of who asks. */
const OURS: ReadonlySet<string> = new Set(['service', 'fallback']);

/** Detections open at once; beyond it a flood is one matter, and the rest waits. */
const MOST_OPEN = 100;
/** Share of what is bad that makes it one client's matter. */
const ONE_CLIENT = 0.8;

export interface TickResult {
  readonly events: readonly DetectionEvent[];
  readonly watched: readonly WatchedTick[];
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
  readonly #open: OpenDetections;
  readonly #changes: KnownChange[] = [];
  readonly #pending = new Map<string, number>();
  readonly bills: Bills = new Bills();
  readonly #clock = new Clock();
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
    this.#open = new OpenDetections(this.counts, (suspicion) => this.intake.promptLengths.explain(suspicion));
    this.intake.onBad = (leaf, mark, whose) => this.#open.onBad(leaf, mark, whose);
    this.#rises = new Rises(this.counts, this.objectives);
    this.watches = new Watches(this.counts);
    this.use(settings);
  }

  /** The configuration's part, from now on. */
  use(settings: EngineSettings): void {
    this.#settings = settings;
    this.objectives.use(settings.objectives);
    this.#states.use(settings);
    const { dictionary } = this.counts;
    const errors: [number, number, number][] = [];
    for (const { dimension: name, value: of, errors: share, p95 } of settings.imported) {
      const dimension = DIMENSIONS.indexOf(name);
      const value = dictionary.of(dimension, of);
      if (share !== undefined) errors.push([dimension, value, share]);
      if (p95 !== undefined) this.intake.latencies.import(dimension, value, p95);
    }
    this.counts.import(errors);
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

  /** @param ago ticks since then: an engine that begins is told what the one before it knew */
  change(change: Omit<KnownChange, 'tick'>, ago = 0): void {
    const known = { ...change, tick: this.counts.tick - ago };
    this.#changes.push(known);
    if (this.#changes.length > MOST_CHANGES) this.#changes.shift();
    if (change.kind === 'revision') this.#revision = Number(change.to) || 0;
    this.#states.take(known);
  }

  /** Goes on from a tick that another engine had come to. Windows are empty at first: they are not looked at for a minute. */
  goOn(tick: number, now: number): void {
    this.counts.tick = tick;
    this.#clock.goOn(tick, now);
  }

  /**
   * What an engine before this one, or another beside it, had found open: told again as open, and ended by this one.
   * @param now of an engine that begins, the wall clock, milliseconds since the epoch
   */
  resume(detections: readonly Detection[], now?: number): void {
    for (const detection of detections) {
      if (this.#open.get(detection.fingerprint)) continue;
      const suspicion = suspicionOf(this.counts, detection);
      const { fingerprint, when, impact } = detection;
      const open = new OpenDetection(fingerprint, suspicion, detection, this.counts.tick, when.since);
      open.bad = impact.requests;
      open.total = impact.share > 0 ? impact.requests / impact.share : 0;
      open.usd = impact.usd ?? 0;
      this.#open.add(open);
      if (suspicion.signal === 'bill')
        this.bills.resume(detection.where.scopes[0]?.provider ?? '', suspicion);
      if (suspicion.reason === 'traffic_gone')
        this.#states.resumeGone(suspicion.places[0] ?? [], detection.what.expected);
      // Where nothing passes while it lasts its place is known all the same.
      if (suspicion.signal === 'state')
        for (const { dimension, value } of suspicion.places.flat())
          this.counts.makeSeries(dimension, value, suspicion.kind).lastTick = this.counts.tick;
    }
    if (now !== undefined) this.#clock.resume(now);
  }

  get open(): readonly Detection[] {
    return this.#open.all;
  }

  /** A tick is over. @param now wall clock, milliseconds since the epoch */
  tick(now: number): TickResult {
    const { counts, intake, objectives } = this;
    const { tick } = counts;
    const isSteady = this.#clock.keepTime(tick, now, this.#settings.tickMs);
    counts.hours.at(now);
    counts.sumUp();
    this.onSummed(now);
    for (const objective of objectives.all) objective.step();
    if (isSteady) this.#rises.step();
    else this.#rises.reset();
    const isMinute = tick % MINUTE === MINUTE - 1;
    if (isMinute)
      for (const [dimension, value, times] of intake.latencies.all())
        times.minute(this.#open.isSlowOpen(dimension, value));
    if (isMinute)
      for (const [dimension, value, times] of intake.firstTokens.all())
        times.minute(this.#open.isHeld('service', dimension, value));
    for (const spender of intake.spending.all())
      spender.step(this.#open.isHeld('cost', CONSUMER, spender.consumer));
    intake.drift.step((dimension, value) => this.#open.isHeld('service', dimension, value));
    intake.promptLengths.step();
    this.#keyUse.step(intake, tick, (consumer) => this.#open.isHeld('access', CONSUMER, consumer));
    const events = [
      ...this.#open.step(now, (tick) => this.#at(tick, now)),
      ...(isSteady ? this.#look(now, isMinute) : []),
    ];
    const watched = this.watches.step(now);
    intake.next();
    counts.next();
    this.#clock.begin(counts.tick, now);
    return { events, watched };
  }

  #at(tick: number, now: number): number {
    const ahead = this.counts.tick - tick + 1;
    return this.#clock.at(tick) ?? now - ahead * this.#settings.tickMs;
  }

  get #confirmTicks(): number {
    return Math.max(1, Math.ceil(this.#settings.confirmMs / this.#settings.tickMs));
  }

  /** What the detectors see in this tick, the likeliest matter first. */
  #look(now: number, isMinute: boolean): DetectionEvent[] {
    const { counts, intake, objectives } = this;
    const isOut = (mark: Mark) => this.#open.heldLeaves(mark.rule.family, mark);
    const { shifted } = intake.drift;
    const suspicions = [
      ...this.#rises.suspicions(
        this.#confirmTicks,
        isOut,
        ({ signal, reason }) => signal !== 'drift' || shifted.has(reason),
      ),
      ...(isMinute
        ? peerOutliers(counts, this.#open.heldLeaves('service', { signal: 'errors', reason: '' }))
        : []),
      ...this.#keyUse.suspicions(counts),
      ...spendingRises(counts, intake.spending),
      ...(isMinute ? burns(counts, objectives) : []),
      ...(isMinute
        ? creeps(counts, intake.latencies, (dimension, value) => this.#open.isCreeping(dimension, value))
        : []),
      ...complaintClusters(counts, intake.complaints),
      ...this.#states.suspicions(counts, this.#settings, true),
      ...this.bills.suspicions,
    ].sort((a, b) => a.rank - b.rank || b.bad - b.expected - (a.bad - a.expected));
    const events = suspicions.flatMap((suspicion) => this.#consider(suspicion, now));
    for (const [fingerprint, tick] of this.#pending)
      if (tick < counts.tick - OVER_AFTER) this.#pending.delete(fingerprint);
    return events;
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
    const explaining = this.#open.explaining(suspicion);
    if (explaining) {
      explaining.lastSeen = counts.tick;
      if (!this.#open.isPartOf(explaining, suspicion)) return [];
      const { detection } = this.#described(suspicion, whoWasHit(counts, suspicion), now);
      this.#open.widen(explaining, suspicion, detection);
      return [{ kind: 'updated', at: now, detection: explaining.detection }];
    }
    const hit = whoWasHit(counts, suspicion);
    if (!this.#hitsEnough(suspicion, hit)) return [];
    const { read, detection, sinceAt } = this.#described(suspicion, hit, now);
    const open = new OpenDetection(fingerprint, read, detection, counts.tick, sinceAt);
    open.users.merge(hit.users);
    open.sessions.merge(hit.sessions);
    for (const consumer of hit.consumers) open.consumers.add(consumer);
    open.bad = read.bad;
    open.total = read.total;
    open.usd = hit.usd;
    this.#open.add(open);
    return [{ kind: 'opened', at: now, detection }];
  }

  /** A suspicion looked at closely, with its cause. */
  #described(
    suspicion: Suspicion,
    hit: Hit,
    now: number,
  ): { read: Suspicion; detection: Detection; sinceAt: number } {
    const { counts } = this;
    const read = this.#readCloser(suspicion);
    const sinceAt = this.#at(suspicion.since, now);
    const { correlates, cause } = explain(counts, read, this.#changes, sinceAt);
    const detection = describe(counts, {
      budgetBurnt: budgetBurnt(this, read),
      fingerprint: fingerprintOf(counts, read),
      suspicion: read,
      hit,
      correlates,
      cause,
      sinceAt,
      revisions: [this.#revision],
      isPartial: this.isPartial,
    });
    return { read, detection, sinceAt };
  }

  /** With what only a closer look tells of the cause. */
  #readCloser(suspicion: Suspicion): Suspicion {
    if (suspicion.family === 'access' && suspicion.mark)
      return { ...suspicion, ...readDenials(this.counts, suspicion) };
    const cause =
      suspicion.cause ??
      unusedFallback(this.counts, suspicion) ??
      this.intake.promptLengths.explain(suspicion);
    const shift = this.intake.drift.read(suspicion, this.counts.dictionary);
    return { ...suspicion, ...shift, ...(cause && { cause }) };
  }

  /** Two parties or more, none of them nearly all of it, unless nobody else was there who could have been hit. */
  #hitsEnough({ parties, mark, places }: Suspicion, hit: Hit): boolean {
    if (!mark || parties === 1) return true;
    const isOneClients = places.flat().some(({ dimension }) => dimension === CONSUMER);
    if (mark.rule.family === 'client' && isOneClients) return false;
    if (hit.parties.count >= parties && hit.heaviest < ONE_CLIENT) return true;
    if (!OURS.has(mark.rule.family) || isOneClients || mark.signal === 'slow') return false;
    // One consumer alone uses this, through one address: what fails here fails for everybody.
    const consumers = new Set<number>();
    const { leaves } = this.counts;
    for (let leaf = 0; leaf < leaves.end; leaf++) {
      if (leaves.isUsed(leaf) && places.some((place) => matches(this.counts, leaf, place)))
        consumers.add(leaves.value(leaf, CONSUMER));
    }
    return consumers.size <= 1;
  }
}
