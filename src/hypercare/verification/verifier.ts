import type { Engine } from '../../contracts/engine.ts';
import type { Scope, WatchedTick } from '../../contracts/signal.ts';
import { StoreUnavailable } from '../../contracts/store.ts';
import { problemOf } from '../actions/problem.ts';
import type { FindingBook } from '../findings/book.ts';
import type { Finding, Verification } from '../findings/finding.ts';
import { moved, noted } from '../findings/life.ts';
import { lineOf, targetOf, test } from './msprt.ts';
import { isProvable } from './provable.ts';

/** How long a fix is watched, and how long is waited for proof. */
const WATCHED_MS = 24 * 60 * 60 * 1000;
/** Requests after which the watch over a fixed finding counts anew: what was good for long must not hide what is bad now. */
const WATCH_ROUND = 2000;

/** What is to be proven. */
export interface Claim {
  readonly claim: string;
  /** The action that was taken; null: somebody did something, or it went by itself. */
  readonly action: number | null;
  readonly isCanary?: boolean;
  /** Where to look; the finding's own place if absent. */
  readonly scopes?: readonly Scope[];
  /** The revision that the action made; absent: it made none. */
  readonly fromRevision?: number;
  /** Ticks until it has taken effect. */
  readonly settles?: number;
  /** Share of what is looked at that the finding's place was, from 0 to 1: the rate there was so much lower. */
  readonly dilution?: number;
}

export interface VerifierPorts {
  readonly book: FindingBook;
  readonly engine: Pick<Engine, 'watch' | 'unwatch'>;
  now(): number;
  /** Milliseconds: of a tick that began before the fix nothing is counted. */
  tickMs(): number;
  /** The number that serves. */
  revision(): number;
  /** A canary did well: the same for everybody. @throws StoreUnavailable: it is to be tried again; else it can't be done */
  promote(finding: Finding, action: number): Promise<void>;
  /** A fix that is none is taken back. @throws StoreUnavailable: it is to be tried again */
  rollBack(finding: Finding, action: number, why: string): Promise<void>;
  onResolved(finding: Finding): Promise<void>;
}

/** A finding that is watched. */
interface Watched {
  /** When what is to be proven began. */
  readonly startedAt: number;
  /** Of what began before, others have counted some: it is not counted twice. */
  readonly from: number;
  /** Up to where others have counted, by their clock. */
  readonly foreignTo: number | undefined;
}

/** Proves fixes on live traffic. Its counts are in the finding, so they outlive the process. */
export class Verifier {
  readonly #ports: VerifierPorts;
  readonly #watched = new Map<string, Watched>();

  constructor(ports: VerifierPorts) {
    this.#ports = ports;
  }

  /** Begins to count for a claim, or begins anew. @returns the finding, verifying */
  start(id: string, claim: Claim, by: string): Promise<Finding | undefined> {
    const { book, now } = this.#ports;
    const at = now();
    return book
      .change(id, (finding) => {
        const from = at + (claim.settles ?? 0) * this.#ports.tickMs();
        const verification = verificationOf(finding, claim, from);
        const happening = { at, by, what: 'verifying', note: claim.claim };
        const next =
          finding.state === 'verifying' ? noted(finding, happening) : moved(finding, 'verifying', happening);
        return { ...next, verification };
      })
      .then((finding) => {
        if (finding) this.#watch(finding, 0);
        return finding;
      });
  }

  /** Has the engine count for a finding that needs it, once: also after a restart, and where another replica acted. */
  follow(finding: Finding): void {
    const isWatched = this.#watched.get(finding.id)?.startedAt === finding.verification?.startedAt;
    const now = this.#ports.now();
    if (isWatched || !needsWatch(finding, now)) return;
    this.#watch(finding, finding.verification?.countedTo === undefined ? 0 : now);
  }

  /** Another replica leads, and counts. */
  rest(): void {
    for (const id of this.#watched.keys()) this.#unfollow(id);
  }

  #watch({ id, verification }: Finding, from: number): void {
    if (verification === null) return;
    const { startedAt, countedTo } = verification;
    this.#watched.set(id, { startedAt, from, foreignTo: countedTo });
    // Findings of earlier versions of the gateway don't have it.
    const { signal, scopes, fromRevision = 0 } = verification;
    this.#ports.engine.watch({ id, signal, scopes, fromRevision: fromRevision & 0xffff });
  }

  #unfollow(id: string): void {
    this.#watched.delete(id);
    this.#ports.engine.unwatch(id);
  }

  /** Counts a tick, once however often it is given, and decides. @throws StoreUnavailable: it is to be given again */
  async take(tick: WatchedTick): Promise<void> {
    const { book, tickMs } = this.#ports;
    const watched = this.#watched.get(tick.watch);
    if (!watched) {
      this.#ports.engine.unwatch(tick.watch);
      return;
    }
    const finding = await book.change(tick.watch, (known) => {
      const { verification } = known;
      if (verification === null || tick.at < verification.startedAt + tickMs()) return undefined;
      // For a claim that another replica has put another in the place of.
      if (verification.startedAt !== watched.startedAt) return undefined;
      if (tick.at - tickMs() < watched.from) return undefined;
      // Given again. Whose clock others went by may have been ahead.
      const { countedTo = 0 } = verification;
      if (tick.at <= countedTo && countedTo !== watched.foreignTo) return undefined;
      return { ...known, verification: { ...counted(verification, tick), countedTo: tick.at } };
    });
    if (!finding?.verification) {
      this.#unfollow(tick.watch);
      return;
    }
    await this.#judge(finding, finding.verification, Math.min(tick.at, this.#ports.now()));
  }

  async #judge(finding: Finding, verification: Verification, at: number): Promise<void> {
    if (verification.state === 'fixed') {
      await this.#watchOver(finding, verification, at);
      return;
    }
    if (verification.state !== 'running') {
      // It was found to be none, and what follows from that did not come to its end.
      if (verification.state === 'not-fixed' && finding.state === 'verifying')
        await this.#failed(finding, verification, at);
      else this.#unfollow(finding.id);
      return;
    }
    const { state } = test(verification.bad, verification.total, verification);
    // The signal that is counted is not all that burns a budget: the engine must see it no more, either.
    const isSeen = isBudget(finding) && !verification.isCanary && finding.when.until === null;
    if (state === 'fixed' && !isSeen) await this.#fixed(finding, verification, at);
    else if (state === 'not-fixed') await this.#failed(finding, verification, at);
    else if (at > verification.watchedUntil) await this.#undecided(finding, at);
  }

  async #fixed(finding: Finding, verification: Verification, at: number): Promise<void> {
    const { book, onResolved, revision } = this.#ports;
    if (verification.isCanary && verification.action !== null) {
      await this.#promote(finding, verification.action, at);
      return;
    }
    const resolved = await book.change(finding.id, (known) => {
      if (known.state !== 'verifying') return undefined;
      const { total, bad } = verification;
      const note = `${verification.claim}: ${bad} of ${total} bad, evidence ${Math.round(verification.forFixed)} to 1`;
      return {
        ...moved(known, 'resolved', { at, by: 'gateway', what: 'resolved', note }),
        fixedIn: revision(),
        verification: {
          ...verification,
          state: 'fixed',
          decidedAt: at,
          requestsNeeded: null,
          watchedUntil: at + WATCHED_MS,
        },
        actions: known.actions.map((action) =>
          action.applied ? { ...action, applied: { ...action.applied, endsAt: null } } : action,
        ),
      };
    });
    if (resolved?.state === 'resolved') await onResolved(resolved);
  }

  /** Once: what can't be done for all is left to people. */
  async #promote(finding: Finding, action: number, at: number): Promise<void> {
    const { book, promote } = this.#ports;
    try {
      if (finding.state === 'verifying') {
        await promote(finding, action);
        return;
      }
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      const note = `the canary did well, and can’t be done for all: ${problemOf(error)}`;
      await book.change(finding.id, (known) => {
        const { verification } = known;
        if (!verification?.isCanary) return undefined;
        const happening = { at, by: 'gateway', what: 'inconclusive', note };
        const next = known.state === 'verifying' ? moved(known, 'open', happening) : noted(known, happening);
        return { ...next, verification: { ...verification, state: 'inconclusive', decidedAt: at } };
      });
    }
    this.#unfollow(finding.id);
  }

  async #failed(finding: Finding, verification: Verification, at: number): Promise<void> {
    const { book, rollBack } = this.#ports;
    const { action, bad, total, claim } = verification;
    const why = `not fixed: ${bad} of ${total} requests are bad after ${claim}`;
    const failed = { ...verification, state: 'not-fixed', decidedAt: at, requestsNeeded: null } as const;
    // Before the way back: whoever sees it open again sees why.
    await book.change(finding.id, (known) => ({ ...known, verification: failed }));
    if (action !== null) await rollBack(finding, action, why);
    await book.change(finding.id, (known) =>
      known.state === 'verifying'
        ? moved(known, 'open', { at, by: 'gateway', what: 'not fixed', note: why })
        : undefined,
    );
    // Last: while the store is away it is tried again.
    this.#unfollow(finding.id);
  }

  /** A day without proof: never "resolved", and nobody is kept waiting. */
  async #undecided(finding: Finding, at: number): Promise<void> {
    await this.#ports.book.change(finding.id, (known) => {
      if (known.state !== 'verifying' || known.verification === null) return undefined;
      const { total, requestsNeeded } = known.verification;
      const note = `no proof within a day: ${total} requests, ${requestsNeeded ?? 'many'} more needed`;
      const to = known.when.until === null ? 'open' : 'expired';
      return {
        ...moved(known, to, { at, by: 'gateway', what: 'inconclusive', note }),
        verification: { ...known.verification, state: 'inconclusive', decidedAt: at },
      };
    });
    this.#unfollow(finding.id);
  }

  async #watchOver(finding: Finding, verification: Verification, at: number): Promise<void> {
    if (at > verification.watchedUntil || finding.state !== 'resolved') {
      this.#unfollow(finding.id);
      return;
    }
    const { bad, total } = verification.after;
    if (test(bad, total, verification).state !== 'not-fixed') return;
    const note = `within a day of the fix ${bad} of ${total} requests are bad`;
    await this.#ports.book.change(finding.id, (known) =>
      known.state === 'resolved'
        ? {
            ...moved(known, 'regressed', { at, by: 'gateway', what: 'regressed', note }),
            // It lasts again: the engine goes on with it, and says when it is over.
            when: { ...known.when, until: null },
          }
        : undefined,
    );
    this.#unfollow(finding.id);
  }
}

/** Whether something is still to be counted for it. */
const needsWatch = ({ verification, state }: Finding, at: number): boolean =>
  verification !== null &&
  (state === 'verifying' ||
    (state === 'resolved' && verification.state === 'fixed' && at <= verification.watchedUntil));

const isBudget = ({ detector }: Finding): boolean => detector === 'objective-burn';

function verificationOf(finding: Finding, claim: Claim, at: number): Verification {
  const { what, where, impact } = finding;
  // Whatever its reason is counted: what is usual beside it is not to be taken for it.
  const { beside = { observed: 0, expected: 0 } } = what;
  // A figure that is no rate is bad where its request was: the share of them is the rate.
  const rate = beside.observed + (what.unit === 'rate' ? what.observed : impact.share || 1);
  const usual = beside.expected + (what.unit === 'rate' ? what.expected : 0);
  // Where the place is but a part of what is looked at, the rest is as usual.
  const broken = Math.min(1, Math.max(1e-3, usual + Math.max(0, rate - usual) * (claim.dilution ?? 1)));
  // What an objective allows is no habit: with half as much again its budget burns still.
  const target = isBudget(finding) ? Math.min(usual, broken) : targetOf(broken, usual);
  const line = isBudget(finding) ? target : lineOf({ broken, target });
  return {
    state: 'running',
    startedAt: at,
    decidedAt: null,
    watchedUntil: at + WATCHED_MS,
    claim: claim.claim,
    action: claim.action,
    isCanary: claim.isCanary ?? false,
    // Nowhere is anything counted that could prove it.
    scopes: isProvable(what) ? (claim.scopes ?? where.scopes) : [],
    fromRevision: claim.fromRevision ?? 0,
    signal: what.signal,
    broken,
    target,
    line,
    bad: 0,
    total: 0,
    outside: { bad: 0, total: 0 },
    after: { bad: 0, total: 0 },
    forFixed: 1,
    forBroken: 1,
    requestsNeeded: isProvable(what) ? test(0, 0, { broken, target, line }).requestsNeeded : null,
  };
}

function counted(verification: Verification, { bad, total, outside }: WatchedTick): Verification {
  if (verification.state === 'fixed') {
    const { after } = verification;
    const isFull = after.total >= WATCH_ROUND;
    const base = isFull ? { bad: 0, total: 0 } : after;
    return { ...verification, after: { bad: base.bad + bad, total: base.total + total } };
  }
  const sum = { bad: verification.bad + bad, total: verification.total + total };
  const { forFixed, forBroken, requestsNeeded } = test(sum.bad, sum.total, verification);
  return {
    ...verification,
    ...sum,
    forFixed,
    forBroken,
    requestsNeeded: verification.scopes.length === 0 ? null : requestsNeeded,
    outside: {
      bad: verification.outside.bad + outside.bad,
      total: verification.outside.total + outside.total,
    },
  };
}
