import { Type } from 'typebox';
import { ACTION_KINDS } from '../../config/schema/hypercare.ts';
import { PRIORITIES } from '../../config/schema/hypercare-channels.ts';
import { OrNull } from '../openapi.ts';

const Time = (description: string) =>
  Type.Integer({ description: `${description} Milliseconds since the epoch.` });
const Enum = <const T extends string>(values: readonly T[]) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values] });

export const Priority = Enum(PRIORITIES);
export const FINDING_STATES = [
  'open',
  'acknowledged',
  'acting',
  'verifying',
  'resolved',
  'regressed',
  'muted',
  'expired',
] as const;
export const FindingState = Enum(FINDING_STATES);
export const FINDING_CATEGORIES = [
  'bug',
  'performance',
  'usability',
  'feature-request',
  'data',
  'integration',
  'security',
  'user-error',
] as const;
export const FindingCategory = Enum(FINDING_CATEGORIES);

const Scope = Type.Record(Type.String(), Type.String(), {
  description: 'Values of dimensions: { route, target, … }.',
});
const Count = Type.Object({ bad: Type.Integer(), total: Type.Integer() });
const Operation = Type.Object({ op: Type.String(), path: Type.String() }, { additionalProperties: true });
const Step = Type.Object({
  patch: Type.Array(Operation, { description: 'RFC 6902, on the config as it is written; [] = none.' }),
  call: OrNull(Type.Object({ do: Type.String() }, { additionalProperties: true })),
});

const Action = Type.Object({
  n: Type.Integer({ description: 'Names it in a path; it never stands for another change.' }),
  kind: Enum(ACTION_KINDS),
  title: Type.String(),
  does: Step,
  undoes: Step,
  canary: OrNull(Type.Object({ does: Step, undoes: Step, scopes: Type.Array(Scope) })),
  dryRun: Type.Object({ at: Time('When it was tried out.'), ok: Type.Boolean(), problem: Type.String() }),
  risk: Enum(['low', 'medium', 'high']),
  effort: Type.Integer({ description: '1 to 5.' }),
  affects: Type.Number({ description: 'Share of the place’s traffic that it touches, 0 to 1.' }),
  movesTo: OrNull(
    Type.Array(Scope, {
      description: 'Where the traffic goes that it takes away: there the proof is. null: it stays.',
    }),
  ),
  status: Enum(['offered', 'canary', 'applied', 'reverted', 'failed']),
  applied: OrNull(
    Type.Object({
      at: Time('When.'),
      by: Type.String(),
      revision: Type.Integer({ description: 'Of the config; 0 = it made none.' }),
      endsAt: OrNull(Time('Ends by itself unless it is proven.')),
    }),
  ),
});

const Correlate = Type.Object({
  kind: Type.String(),
  subject: Type.String(),
  from: Type.String(),
  to: Type.String(),
  at: Time('Of the change.'),
  secondsBefore: Type.Number({ description: 'From the change to the beginning.' }),
  score: Type.Number(),
});

const Verification = Type.Object({
  state: Enum(['running', 'fixed', 'not-fixed', 'inconclusive']),
  startedAt: Time('From when on requests count.'),
  decidedAt: OrNull(Time('When.')),
  watchedUntil: Time('Looked at until then.'),
  claim: Type.String(),
  action: OrNull(Type.Integer()),
  isCanary: Type.Boolean(),
  scopes: Type.Array(Scope),
  signal: Type.String(),
  broken: Type.Number({ description: 'Rate while it was broken, 0 to 1.' }),
  target: Type.Number({ description: 'Rate that counts as usual.' }),
  line: Type.Number({ description: 'Below it: fixed.' }),
  bad: Type.Integer(),
  total: Type.Integer(),
  outside: Count,
  after: Count,
  forFixed: Type.Number({ description: 'Evidence, as odds; from 100 on it is decided.' }),
  forBroken: Type.Number(),
  requestsNeeded: OrNull(Type.Integer({ description: 'About how many requests more it takes.' })),
});

/** What a finding is, as the admin API shows it. The specification of each part is docs/findings.md. */
export const FindingShown = Type.Object({
  id: Type.String(),
  fingerprint: Type.String(),
  title: Type.String(),
  sentence: Type.String({ description: 'The whole in one paragraph.' }),
  category: FindingCategory,
  labels: Type.Array(Type.String()),
  severity: Enum(['critical', 'high', 'medium', 'low']),
  priority: Priority,
  state: FindingState,
  owner: Type.String(),
  openedAt: Time('When it was noticed.'),
  updatedAt: Time('When anything of it changed last.'),
  seenAt: Time('When the engine said something of it last.'),
  acknowledgedAt: OrNull(Time('When somebody took it on.')),
  resolvedAt: OrNull(Time('When it was proven.')),
  fixedIn: OrNull(Type.Integer({ description: 'The revision since which it is fixed.' })),
  timesRegressed: Type.Integer(),
  detector: Type.String(),
  reason: Type.String(),
  what: Type.Object({
    signal: Type.String(),
    unit: Enum(['rate', 'ms', 'usd', 'count', 'tokens']),
    observed: Type.Number(),
    expected: Type.Number(),
    ratio: OrNull(Type.Number()),
    interval: Type.Unsafe<readonly [number, number]>({
      type: 'array',
      items: { type: 'number' },
      minItems: 2,
      maxItems: 2,
      description: '95 % interval of what was observed.',
    }),
    beside: Type.Optional(
      Type.Object(
        { observed: Type.Number(), expected: Type.Number() },
        {
          description:
            'What the signal’s other reasons have at the same place: a fix is proven against all of them.',
        },
      ),
    ),
  }),
  where: Type.Object({
    scopes: Type.Array(Scope),
    share: Type.Number({ description: 'Of the excess, 0 to 1.' }),
    normal: Type.Array(Type.Object({ dimension: Type.String(), values: Type.Array(Type.String()) })),
  }),
  when: Type.Object({
    since: Time('When it began.'),
    until: OrNull(Time('When it ended.')),
    pattern: Enum(['constant', 'peak-hours', 'bursts', 'growing', 'unknown']),
  }),
  impact: Type.Object({
    requests: Type.Integer(),
    share: Type.Number({ description: 'Of the requests of the place, 0 to 1.' }),
    consumers: OrNull(Type.Integer()),
    users: OrNull(Type.Integer()),
    sessions: OrNull(Type.Integer()),
    usd: OrNull(Type.Number()),
    budgetBurnt: OrNull(Type.Number()),
  }),
  correlates: Type.Array(Correlate),
  cause: Type.Object({
    kind: Type.String(),
    sentence: Type.String(),
    confidence: Type.Number(),
    change: OrNull(Correlate),
  }),
  evidence: Type.Object({
    bad: Type.Array(Type.String(), { description: 'Request ids.' }),
    good: Type.Array(Type.String()),
    events: Type.Array(Type.String()),
    logQuery: Type.String({ description: 'jq over the access log that finds requests like these.' }),
  }),
  why: Type.Object({
    detector: Type.String(),
    statistic: Type.Number(),
    threshold: Type.Number(),
    baseline: Type.String(),
    sentence: Type.String(),
  }),
  revisions: Type.Array(Type.Integer()),
  isPartial: Type.Boolean(),
  actions: Type.Array(Action),
  expected: OrNull(Type.Object({ metric: Type.String(), target: Type.Number(), withinMs: Type.Integer() })),
  verification: OrNull(Verification),
  scores: Type.Object({
    impact: Type.Integer(),
    effort: Type.Integer(),
    matrix: Priority,
    rice: Type.Number(),
    weighted: Type.Number(),
    moscow: Enum(['must', 'should', 'could', 'wont']),
  }),
  linked: Type.Object({
    feedback: Type.Array(Type.String(), { description: 'Ids: GET /api/feedback/{id}.' }),
    similar: Type.Array(
      Type.Object({
        finding: Type.String(),
        title: Type.String(),
        score: Type.Number(),
        fixedBy: Type.String(),
      }),
    ),
  }),
  muted: OrNull(Type.Object({ by: Type.String(), until: Time('Until then.'), atRequests: Type.Integer() })),
  announcement: Type.String({ description: 'What users may know; "" = nothing.' }),
  notes: Type.Array(Type.Object({ at: Time('When.'), by: Type.String(), text: Type.String() })),
  history: Type.Array(
    Type.Object({
      at: Time('When.'),
      by: Type.String({ description: '`gateway`, or the name of an operator.' }),
      what: Type.String(),
      from: OrNull(FindingState),
      to: OrNull(FindingState),
      note: Type.String(),
    }),
  ),
});
