/** Findings as the admin API shows them: what of them the console reads. Times are milliseconds since the epoch. */

/** Of findings, and of what people say. */
export const CATEGORIES = [
  'bug',
  'performance',
  'usability',
  'feature-request',
  'data',
  'integration',
  'security',
  'user-error',
];

export type Priority = 'P0' | 'P1' | 'P2' | 'P3' | 'P4';
export type Scope = Readonly<Record<string, string>>;

export interface Change {
  readonly kind: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly at: number;
  readonly secondsBefore: number;
  readonly score: number;
}

export interface Action {
  readonly n: number;
  readonly kind: string;
  readonly title: string;
  readonly does: { readonly patch: readonly Operation[]; readonly call: unknown };
  readonly canary: object | null;
  readonly dryRun: { readonly at: number; readonly ok: boolean; readonly problem: string };
  readonly risk: 'low' | 'medium' | 'high';
  readonly status: 'offered' | 'canary' | 'applied' | 'reverted' | 'failed';
  readonly applied: {
    readonly at: number;
    readonly by: string;
    readonly revision: number;
    readonly endsAt: number | null;
  } | null;
}

/** RFC 6902. */
export interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

export interface Verification {
  readonly state: 'running' | 'fixed' | 'not-fixed' | 'inconclusive';
  readonly startedAt: number;
  readonly decidedAt: number | null;
  readonly claim: string;
  readonly broken: number;
  readonly target: number;
  readonly bad: number;
  readonly total: number;
  readonly forFixed: number;
  readonly forBroken: number;
  readonly requestsNeeded: number | null;
}

export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly sentence: string;
  readonly priority: Priority;
  readonly state: string;
  readonly category: string;
  readonly severity: string;
  readonly labels: readonly string[];
  readonly detector: string;
  readonly openedAt: number;
  readonly acknowledgedAt: number | null;
  readonly resolvedAt: number | null;
  readonly owner: string;
  readonly what: {
    readonly signal: string;
    readonly unit: 'rate' | 'ms' | 'usd' | 'count' | 'tokens';
    readonly observed: number;
    readonly expected: number;
    readonly ratio: number | null;
    readonly interval: readonly [number, number];
  };
  readonly where: {
    readonly scopes: readonly Scope[];
    readonly share: number;
    readonly normal: readonly { readonly dimension: string; readonly values: readonly string[] }[];
  };
  readonly when: { readonly since: number; readonly until: number | null; readonly pattern: string };
  readonly impact: {
    readonly requests: number;
    readonly share: number;
    readonly consumers: number | null;
    readonly users: number | null;
    readonly sessions: number | null;
    readonly usd: number | null;
    readonly budgetBurnt: number | null;
  };
  readonly correlates: readonly Change[];
  readonly cause: {
    readonly kind: string;
    readonly sentence: string;
    readonly confidence: number;
    readonly change: Change | null;
  };
  readonly evidence: {
    readonly bad: readonly string[];
    readonly good: readonly string[];
    readonly events: readonly string[];
    readonly logQuery: string;
  };
  readonly why: {
    readonly detector: string;
    readonly statistic: number;
    readonly threshold: number;
    readonly baseline: string;
    readonly sentence: string;
  };
  readonly actions: readonly Action[];
  readonly expected: { readonly metric: string; readonly target: number; readonly withinMs: number } | null;
  readonly verification: Verification | null;
  readonly scores: {
    readonly impact: number;
    readonly effort: number;
    readonly rice: number;
    readonly weighted: number;
    readonly moscow: string;
  };
  readonly linked: {
    readonly feedback: readonly string[];
    readonly similar: readonly {
      readonly finding: string;
      readonly title: string;
      readonly score: number;
      readonly fixedBy: string;
    }[];
  };
  readonly history: readonly {
    readonly at: number;
    readonly by: string;
    readonly what: string;
    readonly note: string;
  }[];
  readonly notes: readonly { readonly at: number; readonly by: string; readonly text: string }[];
  readonly announcement: string;
}

/** `route checkout, target http://…`; everything: `all traffic`. */
export const placeOf = (scope: Scope): string =>
  Object.entries(scope)
    .map(([dimension, value]) => `${dimension} ${value}`)
    .join(', ') || 'all traffic';
