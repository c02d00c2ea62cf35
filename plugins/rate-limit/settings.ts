import { type Static, type TProperties, Type } from 'typebox';
import type { LimitAlgorithm } from '../../src/contracts/store.ts';
import { subjectProblem } from './subject.ts';

const ALGORITHMS: readonly LimitAlgorithm[] = ['fixed-window', 'sliding-window', 'token-bucket'];
const PERIODS = ['day', 'month'] as const;
export type Period = (typeof PERIODS)[number];

/** Of a token bucket: above it a millionth of a token, which is how exactly levels are compared, gets lost. */
const LARGEST_BUCKET = 1_000_000_000;

const OneOf = <const T extends string>(values: readonly T[], options: object) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
const Strict = <P extends TProperties>(properties: P, description: string) =>
  Type.Object(properties, { additionalProperties: false, description });

const FIELDS = {
  name: Type.Optional(
    Type.String({
      pattern: '^[a-z][a-z0-9-]{0,31}$',
      description:
        'What clients see it called in RateLimit headers. A limit with a name keeps its counts when its figure changes.',
    }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 0, description: 'Requests in a window.' })),
  window: Type.Optional(
    Type.Unsafe<number>({
      type: 'string',
      'x-unit': 'duration',
      pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
      examples: ['1m'],
      description: 'Length of a window.',
    }),
  ),
  algorithm: OneOf(ALGORITHMS, {
    default: 'fixed-window',
    description:
      'fixed-window: so many from the first request on until the window is over (around its end up to twice as many may pass). sliding-window: so many in any stretch of time as long as the window. token-bucket: limit requests spread evenly over the window, and burst of them at once after a rest.',
  }),
  burst: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LARGEST_BUCKET,
      description: 'Size of the token bucket; limit if it is left out.',
    }),
  ),
  quota: Type.Optional(
    Strict(
      {
        limit: Type.Integer({ minimum: 0, description: 'Requests in the period.' }),
        per: OneOf(PERIODS, { description: 'A day or a month of the calendar, in UTC.' }),
      },
      'A second limit, over a period of the calendar.',
    ),
  ),
  per: Type.String({
    default: 'consumer',
    minLength: 1,
    maxLength: 100,
    examples: [
      'consumer',
      'address',
      'route',
      'group',
      'claim:tenant',
      'header:x-tenant',
      'cookie:session',
      'consumer + header:x-tenant',
    ],
    description:
      'Who shares a limit: a consumer (a client address where there is none), an address (an IPv6 network of /64), everybody on the route (with scope: on all its routes), who is of the same groups, who has the same value of a claim (that auth-jwt keeps: claims), of a header or of a cookie, or several of these joined by +. Whoever has none of it is counted together. A header or cookie that clients choose freely limits nobody by itself.',
  }),
};

const LimitSettings = Strict(FIELDS, 'One more limit of the policy.');
export type LimitSettings = Static<typeof LimitSettings>;

export const Settings = Strict(
  {
    ...FIELDS,
    scope: Type.Optional(
      Type.String({
        pattern: '^[a-z][a-z0-9-]{0,31}$',
        description:
          'A name for counts that several routes share: where policies of different routes have the same scope, limits that are the same, or have the same name, are one limit. Without it each route counts for itself, so that who may not ask for more on one route may on another.',
      }),
    ),
    limits: Type.Optional(
      Type.Array(LimitSettings, {
        minItems: 1,
        maxItems: 8,
        description: 'Several limits at once: a request that one of them refuses counts in none.',
      }),
    ),
  },
  'At most so many requests in a time. Of several such policies on a route the first counts a request that a later one refuses: put limits that belong together into one, under limits. While the store is down everybody may pass, and log and metrics say so.',
);
export type Settings = Static<typeof Settings>;

/** Every limit that the settings hold, the policy's own first. */
export const limitSettings = ({ limits = [], scope: _scope, ...own }: Settings): readonly LimitSettings[] =>
  own.limit === undefined && own.window === undefined && own.quota === undefined ? limits : [own, ...limits];

/** What is wrong with settings that the schema lets pass; undefined if nothing. */
export function settingsProblem(settings: Settings): string | undefined {
  const all = limitSettings(settings);
  if (all.length === 0) return 'needs a limit and its window, a quota, or limits';
  const names = all.flatMap(({ name }) => name ?? []);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return `two limits are called "${twice}": names must differ`;
  for (const one of all) {
    const problem = limitProblem(one);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function limitProblem({ limit, window, quota, algorithm, burst, per }: LimitSettings): string | undefined {
  if (limit !== undefined && window === undefined) return 'limit needs a window, such as 1m';
  if (limit === undefined && window !== undefined) return 'window needs a limit';
  if (limit === undefined && quota === undefined)
    return 'each of the limits needs limit and window, or a quota';
  if (window !== undefined && window < 1) return 'window must be at least 1ms';
  if (algorithm === 'token-bucket') {
    if (limit === 0) return 'a token bucket needs a limit of at least 1';
    if (burst === undefined && limit !== undefined && limit > LARGEST_BUCKET)
      return `a token bucket holds at most ${LARGEST_BUCKET} requests: set burst`;
  } else if (burst !== undefined) return 'burst is for algorithm: token-bucket only';
  return subjectProblem(per);
}
