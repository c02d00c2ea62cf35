import type { PatchOperation } from '../../config/json-patch.ts';
import type { ActionKind } from '../../config/schema/hypercare.ts';
import type { Detection, FindingState, Priority } from '../../contracts/finding.ts';
import type { Scope } from '../../contracts/signal.ts';

export type ActionStatus = 'offered' | 'canary' | 'applied' | 'reverted' | 'failed';

/** Something that is done to the running gateway and stands in no config. */
export type LiveCall =
  | { readonly do: 'purge-cache'; readonly route: string }
  | { readonly do: 'drain-target' | 'enable-target'; readonly upstream: string; readonly target: string }
  | { readonly do: 'breaker'; readonly upstream: string; readonly to: 'open' | 'auto' };

/** A change of the config or of what runs, and what takes it back. */
export interface Step {
  /** RFC 6902, on the config as it is written, with tests of what it was made for. Empty: `call` is all. */
  readonly patch: readonly PatchOperation[];
  readonly call: LiveCall | null;
}

/** Traffic that something is done to: of what passes at a place a part, from 0 to 1. */
export interface Touched {
  readonly scope: Scope;
  readonly part: number;
}

/** One way to act on a finding, tried out before it was offered. */
export interface Action {
  /** Names it among the finding's actions, from 0: it never stands for another change, also when this one is offered no more. */
  readonly n: number;
  readonly kind: ActionKind;
  /** What it does, for people. */
  readonly title: string;
  readonly does: Step;
  readonly undoes: Step;
  /** The same for a part of the traffic first; null: at once, or not at all. */
  readonly canary: { readonly does: Step; readonly undoes: Step; readonly scopes: readonly Scope[] } | null;
  readonly dryRun: { readonly at: number; readonly ok: boolean; readonly problem: string };
  readonly risk: 'low' | 'medium' | 'high';
  /** From 1 (a click) to 5 (a project). */
  readonly effort: number;
  /** Share of the place's traffic that it touches, from 0 to 1. */
  readonly affects: number;
  /** All that it touches, at the finding's place and elsewhere. Absent: findings of earlier versions don't have it. */
  readonly touches?: readonly Touched[];
  /** Where the traffic goes that it takes away from the place: there the proof is. Null: it stays. */
  readonly movesTo: readonly Scope[] | null;
  /** Ticks until it has taken effect; 0 = at once. */
  readonly settles: number;
  readonly status: ActionStatus;
  readonly applied: Applied | null;
  /** While it is being done, or a process died over it. */
  readonly begun?: Begun;
}

/** What was about to be done, written down before it is. */
export interface Begun {
  readonly at: number;
  readonly by: string;
  readonly isCanary: boolean;
  readonly isAutomatic: boolean;
}

export interface Applied {
  readonly at: number;
  readonly by: string;
  /** Of the config that it made; 0: it made none. */
  readonly revision: number;
  /** Milliseconds since the epoch: then it ends by itself, unless it is verified. Null: it does not. */
  readonly endsAt: number | null;
  /** The process that did it. Absent: nobody knows. */
  readonly gateway?: string;
  /** It is asked to take it back. */
  readonly undo?: { readonly by: string; readonly why: string };
}

/** The test of a fix (verification/msprt.ts). */
export interface Verification {
  readonly state: 'running' | 'fixed' | 'not-fixed' | 'inconclusive';
  readonly startedAt: number;
  readonly decidedAt: number | null;
  /** Until then it is looked at again: a fix that fails within a day is none. */
  readonly watchedUntil: number;
  /** The end of the newest tick that is counted: whoever takes the lease over counts none twice. Absent: none yet. */
  readonly countedTo?: number;
  /** What is claimed: `action 0`, `ada: restarted b`, `over by itself`. */
  readonly claim: string;
  readonly action: number | null;
  readonly isCanary: boolean;
  readonly scopes: readonly Scope[];
  /** Requests of earlier revisions of the config are not counted; 0 = whatever served them. */
  readonly fromRevision: number;
  readonly signal: string;
  /** Rates from 0 to 1: as it was, as it should be, and the line between. */
  readonly broken: number;
  readonly target: number;
  readonly line: number;
  readonly bad: number;
  readonly total: number;
  readonly outside: { readonly bad: number; readonly total: number };
  /** Since it was found fixed, while it is watched. */
  readonly after: { readonly bad: number; readonly total: number };
  /** Evidence (e-values) for "fixed" and for "not fixed"; 1 / α decides. */
  readonly forFixed: number;
  readonly forBroken: number;
  readonly requestsNeeded: number | null;
}

export interface HistoryEntry {
  readonly at: number;
  /** `gateway`, or the name of an operator. */
  readonly by: string;
  readonly what: string;
  readonly from: FindingState | null;
  readonly to: FindingState | null;
  readonly note: string;
  /** Of its being found, or found again: when that began. Absent: not known, or an entry of an earlier version. */
  readonly since?: number;
}

export interface Note {
  readonly at: number;
  readonly by: string;
  readonly text: string;
}

/** How urgent it is by each of four ways to say so. */
export interface Scores {
  /** 1 to 5. */
  readonly impact: number;
  /** 1 to 5, of the best action. */
  readonly effort: number;
  readonly matrix: Priority;
  readonly rice: number;
  readonly weighted: number;
  readonly moscow: 'must' | 'should' | 'could' | 'wont';
}

/** A finding of the past that looks alike. */
export interface Similar {
  readonly finding: string;
  readonly title: string;
  readonly score: number;
  /** What fixed it, '' if that is not known. */
  readonly fixedBy: string;
}

export interface Muted {
  readonly by: string;
  readonly until: number;
  /** Requests hit when it was muted: it wakes at twice as many. */
  readonly atRequests: number;
}

/** What a person on call acts on. Times are milliseconds since the epoch. */
export interface Finding extends Detection {
  readonly id: string;
  readonly title: string;
  /** The whole in one paragraph. */
  readonly sentence: string;
  readonly priority: Priority;
  readonly state: FindingState;
  readonly openedAt: number;
  readonly updatedAt: number;
  /** When the engine said something of it last: what it said before that is old. */
  readonly seenAt: number;
  readonly acknowledgedAt: number | null;
  readonly resolvedAt: number | null;
  /** The revision that fixed it; events of older ones do not bring it back. */
  readonly fixedIn: number | null;
  readonly owner: string;
  readonly muted: Muted | null;
  readonly history: readonly HistoryEntry[];
  readonly notes: readonly Note[];
  readonly actions: readonly Action[];
  /** How many numbers were given to actions. Absent: to those that there are. */
  readonly actionsNumbered?: number;
  readonly expected: { readonly metric: string; readonly target: number; readonly withinMs: number } | null;
  readonly verification: Verification | null;
  readonly scores: Scores;
  readonly linked: { readonly feedback: readonly string[]; readonly similar: readonly Similar[] };
  /** What users may know of it, '' = nothing. */
  readonly announcement: string;
  readonly timesRegressed: number;
}

/** States in which nobody has to do anything any more. */
export const isOver = ({ state }: Pick<Finding, 'state'>): boolean =>
  state === 'resolved' || state === 'expired';

/** Whether it is done, for all or for a part, and stands. */
export const isInForce = ({ status }: Pick<Action, 'status'>): boolean =>
  status === 'applied' || status === 'canary';

/** The finding with one of its actions changed. */
export const withAction = (finding: Finding, n: number, change: (action: Action) => Action): Finding => ({
  ...finding,
  actions: finding.actions.map((action) => (action.n === n ? change(action) : action)),
});

/** The number of an action that is new: those below were given, though their actions may be offered no more. */
export const nextNumber = ({ actions, actionsNumbered = 0 }: Finding): number =>
  Math.max(actionsNumbered, ...actions.map(({ n }) => n + 1));
