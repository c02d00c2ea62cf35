import type { ContextSignal, FeedbackSignal } from '../../contracts/engine.ts';
import {
  DIMENSIONS,
  FLAG,
  INT,
  INTS,
  intsOf,
  REAL,
  REALS,
  realsOf,
  type SignalBatch,
  SPACE,
  WIDTH,
} from '../../record/signals/layout.ts';
import { hash } from '../../record/signals/signal-writer.ts';
import type { Counts } from '../signals/counts.ts';
import type { Translation } from '../signals/dictionary.ts';
import { judgeEnd } from '../signals/judge-request.ts';
import { KEY, KIND, KINDS } from '../signals/leaves.ts';
import { complaintAbout, type Mark } from '../signals/marks.ts';
import { Crowds } from './crowds.ts';
import { Drift } from './drift.ts';
import { Latencies } from './latencies.ts';
import type { Objectives } from './objectives.ts';
import type { Whose } from './open-detections.ts';
import { PromptLengths } from './prompt-lengths.ts';
import { RepeatedCalls } from './repeated-calls.ts';
import { MINUTE } from './settings.ts';
import { Spending } from './spending.ts';

const at = (name: (typeof DIMENSIONS)[number]): number => DIMENSIONS.indexOf(name);
const ROUTE = at('route');
const UPSTREAM = at('upstream');
const TARGET = at('target');
const PROVIDER = at('provider');
const VERSION = at('version');
const MODEL = at('model');
const CONSUMER = at('consumer');

/** Targets of models whose version is remembered. */
const MOST_VERSIONS = 50_000;
/** Complaints kept to see that several people say the same: an hour of them. */
const MOST_COMPLAINTS = 2_000;

export interface Complaint {
  readonly tick: number;
  readonly topic: string;
  readonly author: number;
  readonly requestId: string;
  readonly leaf: number;
}

/** Takes signals in: what is bad about each, counted at its leaf. */
export class Intake {
  readonly counts: Counts;
  readonly latencies: Latencies = new Latencies();
  /** Times to the first token, by model. */
  readonly firstTokens: Latencies = new Latencies();
  readonly drift: Drift = new Drift();
  readonly promptLengths: PromptLengths = new PromptLengths();
  readonly spending: Spending = new Spending();
  readonly objectives: Objectives;
  readonly complaints: Complaint[] = [];
  readonly crowds: Crowds = new Crowds();
  /** Bad events that something open asks for. */
  onBad: (leaf: number, mark: Mark, whose: Whose) => void = () => undefined;
  /** Milliseconds by route's number beyond which a kept answer is too old. */
  cacheTtl: ReadonlyMap<number, number> = new Map();
  readonly #key = new Uint16Array(KEY);
  /** What version a target of a model was, when it last answered by itself. */
  readonly #versions = new Map<number, number>();
  readonly #judged = new Map<number, Mark | null>();
  readonly #calls = new RepeatedCalls();

  constructor(counts: Counts, objectives: Objectives) {
    this.counts = counts;
    this.objectives = objectives;
  }

  take(batch: SignalBatch, translation: Translation): void {
    translation.learn(batch.names);
    const ints = intsOf(batch.buffer);
    const reals = realsOf(batch.buffer);
    const ids = batch.ids.split('\n');
    for (let n = 0; n < batch.count; n++) {
      this.#request(ints, n * INTS, reals, n * REALS, ids[n] ?? '', translation);
    }
  }

  #request(
    ints: Int32Array,
    i: number,
    reals: Float32Array,
    r: number,
    id: string,
    translation: Translation,
  ): void {
    const { counts } = this;
    const { marks } = counts;
    const key = this.#key;
    for (let dimension = 0; dimension < WIDTH; dimension++) {
      const value = ints[i + dimension] as number;
      key[dimension] = dimension === REVISION ? value : value < 2 ? value : translation.of(dimension, value);
    }
    const flags = ints[i + INT.flags] as number;
    if ((flags & FLAG.isCheck) !== 0) {
      this.#check(key, (flags & FLAG.outdated) !== 0, ints, i, id);
      return;
    }
    key[KIND] = KINDS.request;
    const leaf = counts.signal(key);
    const isModel = (flags & FLAG.isModel) !== 0;
    const consumer = key[CONSUMER] as number;
    const user = ints[i + INT.user] as number;
    const session = ints[i + INT.session] as number;
    const client = ints[i + INT.client] as number;
    const usd = reals[r + REAL.usd] as number;
    let isGood = true;
    const mark = (which: Mark, at = leaf): void => {
      isGood = false;
      counts.bad(at, which, id);
      counts.event({ leaf: at, mark: which.id, tick: counts.tick, user, session, client, usd, id });
      this.onBad(at, which, { user, session, usd });
    };

    const end = this.#judge(ints, i, translation, isModel);
    if (end) mark(end);
    const latency = reals[r + REAL.latency] as number;
    const firstToken = reals[r + REAL.firstToken] as number;
    // Of a request without a time of its own (a stream on which a client listens) none is learnt.
    const hasPassed = end === null && (flags & FLAG.clientLeft) === 0 && latency >= 0;
    let isSlow = false;
    if (hasPassed) {
      this.latencies.add(key, latency);
      const group = isModel
        ? this.latencies.of(MODEL, key[MODEL] as number)
        : this.latencies.of(ROUTE, key[ROUTE] as number);
      const least = this.objectives.slowFloor(isModel, key);
      isSlow = group !== undefined && latency > Math.max(least, group.slowOver);
    }
    this.objectives.request(key, isModel, end, latency, firstToken, usd, hasPassed);

    const failedTarget = ints[i + INT.failedTarget] as number;
    if (isModel && failedTarget < 2 && this.#versions.size < MOST_VERSIONS)
      this.#versions.set(key[TARGET] as number, key[VERSION] as number);
    let failedLeaf = leaf;
    if (failedTarget > 1) {
      // An attempt that failed belongs to the target that failed, whatever came of the request.
      const owner = isModel ? PROVIDER : UPSTREAM;
      key[TARGET] = translation.of(TARGET, failedTarget);
      key[owner] = translation.of(owner, ints[i + INT.failedUpstream] as number);
      if (isModel) key[VERSION] = this.#versions.get(key[TARGET] as number) ?? 0;
      failedLeaf = counts.signal(key);
      const reason = translation.of(SPACE.reason, ints[i + INT.failedReason] as number);
      mark(marks.of('attempts', counts.dictionary.name(SPACE.reason, reason)), failedLeaf);
    }
    if (isModel && hasPassed && firstToken >= 0 && this.#isLateToBegin(key, firstToken))
      if (!isSlow)
        // What is slow as a whole is slow from its first token on, too: one of the two is said.
        mark(marks.of('first-token', '', counts.tick), failedLeaf);
    if (isModel && hasPassed)
      this.promptLengths.add(key[MODEL] as number, reals[r + REAL.tokensIn] as number, isSlow);
    // Whoever was asked first and failed is what it waited for.
    if (isSlow) mark(marks.of('slow', '', counts.tick), failedLeaf);
    const said = ints[i + INT.context] as number;
    if (said !== 0) this.#conversation(key, translation.of(SPACE.reason, said), session, id);
    const breach = ints[i + INT.breach] as number;
    if (breach !== 0) {
      const where = counts.dictionary.name(SPACE.breach, translation.of(SPACE.breach, breach));
      const direction = (flags & FLAG.breachIsAnswer) !== 0 ? 'response' : 'request';
      mark(marks.of('contract', `${direction} ${where}`));
    }
    if ((flags & FLAG.cacheHit) !== 0) {
      const ttl = this.cacheTtl.get(key[ROUTE] as number) ?? -1;
      const age = reals[r + REAL.cacheAge] as number;
      if (ttl >= 0 && age > ttl + STALE_SLACK_MS) mark(marks.of('stale', 'over_age'));
    } else if ((flags & FLAG.cacheStale) !== 0) mark(marks.of('stale', 'served_stale'));
    if (end?.signal === 'errors' && (flags & UNUSED) !== 0)
      mark(marks.of('unused-fallback', whyUnused(flags, ints[i + INT.status] as number)));
    // Whoever made it necessary is the place, not who helped out.
    if ((flags & FLAG.fellBack) !== 0) mark(marks.of('fallback', ''), failedLeaf);
    if (isModel) this.#model(ints, i, reals, r, key, translation, mark);
    if (consumer > 1) this.crowds.add(consumer, client);
    if (isGood) counts.good(leaf, id);
  }

  #isLateToBegin(key: Uint16Array, firstToken: number): boolean {
    const model = key[MODEL] as number;
    this.firstTokens.addAt(MODEL, model, firstToken);
    const slowOver = this.firstTokens.of(MODEL, model)?.slowOver ?? Number.POSITIVE_INFINITY;
    return firstToken > Math.max(this.objectives.firstTokenFloor(key), slowOver);
  }

  #model(
    ints: Int32Array,
    i: number,
    reals: Float32Array,
    r: number,
    key: Uint16Array,
    translation: Translation,
    mark: (which: Mark) => void,
  ): void {
    const { marks } = this.counts;
    const hasSession = (ints[i + INT.session] as number) !== 0;
    if (this.#calls.isLoop(ints[i + INT.call] as number, hasSession)) mark(marks.of('loop', 'same_call'));
    const unlike = this.drift.add(key, {
      tokensIn: reals[r + REAL.tokensIn] as number,
      tokensOut: reals[r + REAL.tokensOut] as number,
      confidence: reals[r + REAL.confidence] as number,
      language: translation.of(SPACE.language, ints[i + INT.language] as number),
      tool: translation.of(SPACE.tool, ints[i + INT.tool] as number),
    });
    for (const feature of unlike) mark(marks.of('drift', feature, this.counts.tick));
    const usd = reals[r + REAL.usd] as number;
    if (usd > 0) this.spending.add(key[CONSUMER] as number, key[MODEL] as number, usd);
  }

  /** What the cache gave was held against its origin, once in so many times. */
  #check(key: Uint16Array, isOutdated: boolean, ints: Int32Array, i: number, id: string): void {
    const { counts } = this;
    key[KIND] = KINDS.check;
    const leaf = counts.signal(key);
    if (!isOutdated) {
      counts.good(leaf, id);
      return;
    }
    const mark = counts.marks.of('outdated', '');
    const user = ints[i + INT.user] as number;
    const session = ints[i + INT.session] as number;
    const client = ints[i + INT.client] as number;
    counts.bad(leaf, mark, id);
    counts.event({ leaf, mark: mark.id, tick: counts.tick, user, session, client, usd: 0, id });
    this.onBad(leaf, mark, { user, session, usd: 0 });
  }

  #conversation(key: Uint16Array, said: number, session: number, id: string): void {
    const { counts } = this;
    const outcome = counts.dictionary.name(SPACE.reason, said);
    key[KIND] = KINDS.context;
    this.#contextAt(key, outcome, session, id);
    key[KIND] = KINDS.request;
  }

  #contextAt(key: Uint16Array, outcome: string, session: number, id: string): void {
    const { counts } = this;
    const leaf = counts.signal(key);
    this.objectives.context(key, outcome !== 'ok');
    if (outcome === 'ok') {
      counts.good(leaf, id);
      return;
    }
    const mark = counts.marks.of('context', outcome);
    counts.bad(leaf, mark, id);
    counts.event({
      leaf,
      mark: mark.id,
      tick: counts.tick,
      user: session,
      session,
      client: session,
      usd: 0,
      id,
    });
    this.onBad(leaf, mark, { user: session, session, usd: 0 });
  }

  #judge(ints: Int32Array, i: number, translation: Translation, isModel: boolean): Mark | null {
    const reason = translation.of(SPACE.reason, ints[i + INT.reason] as number);
    const outcome = translation.of(SPACE.outcome, ints[i + INT.outcome] as number);
    const status = ints[i + INT.status] as number;
    const known = ((reason * 1024 + (outcome & 1023)) * 1024 + (status & 1023)) * 2 + (isModel ? 1 : 0);
    const judged = this.#judged.get(known);
    if (judged !== undefined) return judged;
    const { dictionary, marks } = this.counts;
    const said = judgeEnd(
      status,
      dictionary.name(SPACE.reason, reason),
      dictionary.name(SPACE.outcome, outcome),
      isModel,
    );
    const mark = said && marks.of(said[0], said[1]);
    if (this.#judged.size < 100_000) this.#judged.set(known, mark);
    return mark;
  }

  feedback(signal: FeedbackSignal): void {
    const { counts } = this;
    const leaf = counts.signal(counts.keyOf(signal.scope, KINDS.feedback));
    const author = hash(signal.author);
    const reason = unhappy(signal);
    if (reason !== null) {
      const mark = counts.marks.of('voice', reason);
      counts.bad(leaf, mark, signal.requestId);
      const event = {
        leaf,
        mark: mark.id,
        tick: counts.tick,
        user: author,
        session: 0,
        client: author,
        usd: 0,
      };
      counts.event({ ...event, id: signal.requestId });
      this.onBad(leaf, mark, { user: author, session: 0, usd: 0 });
    } else counts.good(leaf, signal.requestId);
    if (signal.kind !== 'complaint' || signal.topic === '') return;
    const { topic, requestId } = signal;
    this.complaints.push({ tick: counts.tick, topic, author, requestId, leaf });
    if (this.complaints.length > MOST_COMPLAINTS) this.complaints.shift();
  }

  context({ scope, outcome, session, requestId }: ContextSignal): void {
    this.#contextAt(this.counts.keyOf(scope, KINDS.context), outcome, hash(session), requestId);
  }

  /** A tick is over, and its counts have been looked at. */
  next(): void {
    if (this.counts.tick % MINUTE === MINUTE - 1) this.#calls.next();
  }
}

const REVISION = at('revision');
/** Kept answers are let out a little late: clocks, and the second that a minute's tick takes. */
const STALE_SLACK_MS = 2_000;

const UNUSED = FLAG.unusedForStatus | FLAG.unusedNotRepeatable | FLAG.unusedUnable;

/** Why a fallback stood by, as a reason: each has its own remedy. */
const whyUnused = (flags: number, status: number): string =>
  (flags & FLAG.unusedForStatus) !== 0
    ? `status_${status}`
    : (flags & FLAG.unusedNotRepeatable) !== 0
      ? 'not_repeatable'
      : 'unable';

/** Why a piece of feedback counts as bad; null: it does not. */
function unhappy({ kind, score, topic }: FeedbackSignal): string | null {
  switch (kind) {
    case 'thumbs':
      return score <= 0 ? 'thumbs_down' : null;
    case 'csat':
      return score <= 2 ? 'csat_low' : null;
    case 'nps':
      return score <= 6 ? 'nps_detractor' : null;
    case 'complaint':
      return complaintAbout(topic);
  }
}
