import type { DetectorId, FindingCategory } from '../../contracts/finding.ts';
import type { Dimension } from '../../contracts/signal.ts';
import { KINDS } from './leaves.ts';

/** What kinds of bad there are, and how each is looked at. */
export interface SignalRule {
  readonly detector: DetectorId;
  readonly category: FindingCategory;
  readonly kind: number;
  /** Usual share of bad ones while nothing is known. */
  readonly prior: number;
  /** Distinct parties (consumer and user or address) that must be hit; 1: one client alone may be the matter. */
  readonly parties: number;
  /** What belongs together: of one family, what happens at one place is one finding. */
  readonly family: 'service' | 'fallback' | 'access' | 'cost' | 'client' | 'voice';
  readonly labels: readonly string[];
  /** Of several that open at once, the lower one is the matter and the others follow from it. */
  readonly rank: number;
  /** Whether what counts as bad had to be learnt first: before that nothing was, and that says nothing. */
  readonly isLearnt: boolean;
  /** Dimensions that its place may name; undefined: all. */
  readonly at: readonly Dimension[] | undefined;
  /** A share below this is none of anybody's business, however sure it is. */
  readonly leastShare: number;
}

const rule = (
  detector: DetectorId,
  category: FindingCategory,
  more: Partial<SignalRule> = {},
): SignalRule => ({
  detector,
  category,
  kind: KINDS.request,
  prior: 0.005,
  parties: 2,
  family: 'service',
  labels: [],
  rank: 5,
  leastShare: 0.002,
  isLearnt: false,
  at: undefined,
  ...more,
});

/** By the signal's name: what stands before the colon of a mark. */
export const SIGNALS = {
  errors: rule('errors', 'bug', { rank: 2 }),
  attempts: rule('errors', 'integration', { rank: 3 }),
  slow: rule('slow', 'performance', { prior: 0.05, rank: 4, leastShare: 0.02, isLearnt: true }),
  'first-token': rule('slow', 'performance', { prior: 0.05, rank: 4, leastShare: 0.02, isLearnt: true }),
  silent: rule('silent-failure', 'integration', { rank: 2 }),
  contract: rule('contract', 'integration', { rank: 1, leastShare: 0.005 }),
  stale: rule('stale-cache', 'data', { rank: 1, labels: ['stale-data'], leastShare: 0.005 }),
  outdated: rule('stale-cache', 'data', {
    kind: KINDS.check,
    rank: 1,
    labels: ['stale-data'],
    leastShare: 0.02,
  }),
  loop: rule('cost', 'bug', { family: 'cost', parties: 1, prior: 0.02, rank: 1, leastShare: 0.05 }),
  fallback: rule('state', 'integration', { rank: 6, prior: 0.01, leastShare: 0.02 }),
  // Whoever fails, it is the route’s or the model’s own fallback that stood by.
  'unused-fallback': rule('silent-failure', 'integration', {
    family: 'fallback',
    prior: 0.002,
    leastShare: 0.01,
    at: ['model', 'route'],
  }),
  access: rule('access', 'security', { family: 'access', parties: 1, prior: 0.01, leastShare: 0.01 }),
  client: rule('errors', 'user-error', {
    family: 'client',
    parties: 5,
    prior: 0.02,
    rank: 7,
    leastShare: 0.02,
  }),
  drift: rule('drift', 'data', { prior: 0.05, rank: 6, leastShare: 0.1, isLearnt: true }),
  context: rule('context', 'data', {
    kind: KINDS.context,
    prior: 0.002,
    labels: ['context-integrity'],
    rank: 1,
  }),
  voice: rule('voice', 'usability', { kind: KINDS.feedback, prior: 0.1, rank: 8, leastShare: 0.1 }),
} as const satisfies Record<string, SignalRule>;

/** The reason as which a complaint counts; '' = nobody knows what it is about. */
export const complaintAbout = (topic: string): string => `complaint_${topic === '' ? 'other' : topic}`;

export type SignalName = keyof typeof SIGNALS;

/** A kind of bad, with its reason: `errors:upstream_timeout`. */
export interface Mark {
  readonly id: number;
  readonly signal: SignalName;
  readonly reason: string;
  readonly rule: SignalRule;
  /** The tick in which it was first met. */
  readonly since: number;
}

/** Marks that are told apart; beyond it a reason is `__other`. */
const MOST = 1000;

/** The marks that were met, numbered. */
export class Marks {
  readonly all: Mark[] = [];
  readonly #byName = new Map<string, Mark>();

  /** @param tick now, for one that is new */
  of(signal: SignalName, reason: string, tick = 0): Mark {
    const name = `${signal}:${reason}`;
    const known = this.#byName.get(name);
    if (known) return known;
    if (this.all.length >= MOST && reason !== '__other') return this.of(signal, '__other', tick);
    const mark = { id: this.all.length, signal, reason, rule: SIGNALS[signal], since: tick };
    this.all.push(mark);
    this.#byName.set(name, mark);
    return mark;
  }

  /** Those of a signal's name, or the one of a name with its reason. */
  matching(name: string): Mark[] {
    const exact = this.#byName.get(name);
    return exact ? [exact] : this.all.filter(({ signal }) => signal === name);
  }
}
