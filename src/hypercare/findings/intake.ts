import { isDeepStrictEqual } from 'node:util';
import type { Detection, DetectionEvent } from '../../contracts/finding.ts';
import type { Tier } from '../priority/impact.ts';
import { scoresOf, type Weights } from '../priority/scores.ts';
import { isProvable } from '../verification/provable.ts';
import { type FindingBook, newFindingId } from './book.ts';
import { type Action, type Finding, isInForce, isOver, nextNumber, type Similar } from './finding.ts';
import { canBecome, moved, noted } from './life.ts';
import { sentenceOf, titleOf } from './sentence.ts';

export interface IntakePorts {
  readonly book: FindingBook;
  now(): number;
  /** Since when this process works off what its engine says, by its own clock; what that said before has waited. */
  leadsSince(): number;
  weights(): Weights;
  tierOf(detection: Detection): Tier;
  actionsFor(detection: Detection): Promise<readonly Action[]>;
  similarTo(detection: Detection, title: string): Promise<readonly Similar[]>;
  /** Over by itself: begin to prove that it is. */
  verifyEnd(finding: Finding): Promise<void>;
}

/** Where no action is known somebody has to look into it. */
const EFFORT_UNKNOWN = 3;
/** What should be seen within this after an action, in milliseconds. */
const EXPECTED_WITHIN_MS = 5 * 60_000;
/** As long the engine may go on about an episode that was found fixed: its windows hold what was before. */
const ECHO_MS = 10 * 60_000;
/** An end that could not be proven is tried again. */
const AGAIN_MS = 24 * 60 * 60_000;
/** A muted finding wakes when it has hit as many times the requests. */
const GROWTH = 2;

const UNPROVABLE = 'it is there no more; no request can prove what put an end to it';

/** From what the engine says to findings: opens them, keeps their figures, brings them back. */
export class Intake {
  readonly #ports: IntakePorts;

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** @returns the finding that it led to or changed; undefined: none. @throws StoreUnavailable */
  async take({ kind, at, detection: said }: DetectionEvent): Promise<Finding | undefined> {
    const { book, leadsSince } = this.#ports;
    const detection =
      kind === 'ended' ? { ...said, when: { ...said.when, until: said.when.until ?? at } } : said;
    const known = await book.of(detection.fingerprint);
    if (known === undefined) return kind === 'ended' ? undefined : this.#open(at, detection);
    // Said before a replica took over, and worked off by another meanwhile. What is said now is new, whatever the clock of
    // whoever saw it last had shown.
    if (at < known.seenAt && at < leadsSince()) return known;
    if (isOver(known)) return kind === 'ended' ? known : this.#again(known, at, detection);
    // What is known now, and was not when it opened, may be helped in other ways.
    const isAsKnown =
      detection.cause.kind === known.cause.kind &&
      isDeepStrictEqual(detection.where.scopes, known.where.scopes);
    const actions = isAsKnown ? undefined : await this.#ports.actionsFor(detection);
    const now = await book.change(known.id, (finding) => {
      if (isOver(finding)) return undefined;
      const offering = actions ? withOffers(finding, actions) : finding;
      return this.#told(this.#renewed(offering, detection, at), kind, at);
    });
    if (now && kind === 'ended' && isIdle(now) && !isHelpedForNow(now)) await this.#ports.verifyEnd(now);
    return now;
  }

  /**
   * Ends what nobody would end: its end was told while something was done about it, or proven, and that came to nothing.
   * @throws StoreUnavailable
   */
  async endLeft(listed: Finding): Promise<void> {
    const { book, now, verifyEnd } = this.#ports;
    if (!isLeft(listed, now())) return;
    // Somebody may have acted on it since it was listed.
    const finding = await book.get(listed.id);
    if (!finding || !isLeft(finding, now())) return;
    if (isProvable(finding.what)) await verifyEnd(finding);
    else await book.change(finding.id, (known) => (isLeft(known, now()) ? gone(known, now()) : undefined));
  }

  async #open(at: number, detection: Detection, instead?: Finding): Promise<Finding> {
    const { book, actionsFor, similarTo } = this.#ports;
    const title = titleOf(detection);
    const [actions, similar] = await Promise.all([actionsFor(detection), similarTo(detection, title)]);
    const { since } = detection.when;
    const opened = { at, by: 'gateway', what: 'opened', from: null, to: 'open', since } as const;
    const base: Finding = {
      ...detection,
      id: newFindingId(at),
      title,
      sentence: '',
      priority: 'P4',
      state: 'open',
      openedAt: at,
      updatedAt: at,
      seenAt: at,
      acknowledgedAt: null,
      resolvedAt: null,
      fixedIn: null,
      owner: '',
      muted: null,
      history: [{ ...opened, note: detection.why.sentence }],
      notes: [],
      actions,
      expected: null,
      verification: null,
      scores: { impact: 1, effort: EFFORT_UNKNOWN, matrix: 'P4', rice: 0, weighted: 0, moscow: 'wont' },
      linked: { feedback: [], similar },
      announcement: '',
      timesRegressed: 0,
    };
    return book.add(this.scored(base), instead);
  }

  /**
   * It is there again, or still. Nothing is swallowed: what belongs to revisions before the fix is a finding of its own,
   * all else brings the old one back.
   */
  async #again(known: Finding, at: number, detection: Detection): Promise<Finding | undefined> {
    const { book } = this.#ports;
    if (isEcho(known, detection, at)) return known;
    const newest = Math.max(0, ...detection.revisions);
    if (
      known.state === 'resolved' &&
      known.fixedIn !== null &&
      detection.revisions.length > 0 &&
      newest < known.fixedIn
    )
      return this.#open(at, detection, known);
    const actions = await this.#ports.actionsFor(detection);
    return book.change(known.id, (finding) => {
      if (!isOver(finding)) return this.#renewed(finding, detection, at);
      const back = moved(finding, 'regressed', {
        at,
        by: 'gateway',
        what: 'regressed',
        note: detection.why.sentence,
        since: detection.when.since,
      });
      return this.#renewed({ ...withOffers(back, actions), verification: null }, detection, at);
    });
  }

  /** With newer figures; what people did with it stays. */
  #renewed(finding: Finding, detection: Detection, at: number): Finding {
    const { fingerprint: _, labels, ...figures } = detection;
    const now = this.scored({
      ...finding,
      ...figures,
      labels: [...new Set([...finding.labels, ...labels])],
      updatedAt: Math.max(finding.updatedAt, at),
      seenAt: at,
    });
    if (now.priority === finding.priority) return now;
    return noted(now, { at, by: 'gateway', what: 'priority', note: `${finding.priority} → ${now.priority}` });
  }

  #told(finding: Finding, kind: DetectionEvent['kind'], at: number): Finding {
    if (kind === 'ended') {
      if (finding.state === 'muted')
        return moved(finding, 'expired', {
          at,
          by: 'gateway',
          what: 'expired',
          note: 'it ended while it was muted',
        });
      // What saw it sees it no more, and no request could prove that.
      if (!isProvable(finding.what) && canBecome(finding.state, 'expired')) return gone(finding, at);
      return noted(finding, { at, by: 'gateway', what: 'ended', note: 'no longer seen in the traffic' });
    }
    const { muted } = finding;
    if (finding.state !== 'muted' || muted === null) return finding;
    const grew = finding.impact.requests >= GROWTH * Math.max(1, muted.atRequests);
    if (!grew && at < muted.until) return finding;
    const note = grew ? `it has grown to ${finding.impact.requests} requests` : 'its time is over';
    return this.scored(moved(finding, 'open', { at, by: 'gateway', what: 'woken', note }));
  }

  /** With its priority, what to expect, and the sentence that says it all. */
  scored(finding: Finding): Finding {
    const { weights, tierOf } = this.#ports;
    const best = finding.actions.find(({ dryRun }) => dryRun.ok);
    const scores = scoresOf(finding, best?.effort ?? EFFORT_UNKNOWN, tierOf(finding), weights());
    const expected = best
      ? { metric: finding.what.signal, target: expectedOf(finding), withinMs: EXPECTED_WITHIN_MS }
      : null;
    const now = { ...finding, scores, priority: scores.matrix, expected };
    return { ...now, title: titleOf(finding), sentence: sentenceOf(now) };
  }
}

/** Nobody does anything about it, and nothing is being proven. */
const isIdle = ({ state }: Finding): boolean =>
  state === 'open' || state === 'acknowledged' || state === 'regressed';

/** What the traffic has just refused to prove, though no action stood in its way, it is not asked for again at once. */
const isLeft = (finding: Finding, now: number): boolean => {
  const { when, verification } = finding;
  const refusedAt = verification?.action === null ? verification.decidedAt : null;
  const isAsked = refusedAt === null || now - refusedAt > AGAIN_MS;
  return isIdle(finding) && !isHelpedForNow(finding) && when.until !== null && isAsked;
};

/** Something that was done about it is to be taken back yet: what is good with it proves nothing without. */
const isHelpedForNow = ({ actions }: Finding): boolean =>
  actions.some((action) => isInForce(action) && action.applied?.endsAt != null);

function gone(finding: Finding, at: number): Finding {
  const { verification } = finding;
  return {
    ...moved(finding, 'expired', { at, by: 'gateway', what: 'ended', note: UNPROVABLE }),
    verification: verification && { ...verification, state: 'inconclusive', decidedAt: at },
  };
}

/** Half as much again as usual is as usual; with more than an objective allows its budget burns. */
const expectedOf = ({ detector, what: { expected, observed } }: Finding): number =>
  detector === 'objective-burn' ? expected : Math.max(expected * 1.5, observed * 0.02);

/** The engine's windows still hold what was before the fix, or its thread began anew and says what it had said. */
function isEcho({ state, resolvedAt }: Finding, { when }: Detection, at: number): boolean {
  return state === 'resolved' && resolvedAt !== null && when.since <= resolvedAt && at < resolvedAt + ECHO_MS;
}

/**
 * What was done, or is under way, stays to be seen; what is offered as before keeps its number, and the rest gets new ones:
 * who has seen a number means what they saw.
 */
function withOffers(finding: Finding, offers: readonly Action[]): Finding {
  const { actions } = finding;
  const kept = actions.filter(({ status, begun }) => status !== 'offered' || begun);
  let next = nextNumber(finding);
  const added = offers.flatMap((offer) => {
    const known = actions.find((action) => action.status === 'offered' && isSame(action, offer));
    if (known?.begun) return [];
    return { ...offer, n: known?.n ?? next++ };
  });
  return { ...finding, actions: [...kept, ...added], actionsNumbered: next };
}

/** Whether both change the same. */
const isSame = (a: Action, b: Action): boolean => isDeepStrictEqual(changeOf(a), changeOf(b));
const changeOf = ({ kind, does, undoes, canary }: Action) => ({ kind, does, undoes, canary });
