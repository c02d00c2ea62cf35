import { Type } from 'typebox';
import { Duration, Name, OneOf, Percent, Strict, WindowLength } from './units.ts';

/** What may be spent, in what time, and what happens at the edges. At least one of the three units is given. */
const allowance = {
  usd: Type.Optional(Type.Number({ minimum: 0, maximum: 9_000_000, description: 'US dollars.' })),
  tokens: Type.Optional(Type.Integer({ minimum: 0, description: 'Tokens, in and out.' })),
  requests: Type.Optional(Type.Integer({ minimum: 0, description: 'Calls that reached a provider.' })),
  per: WindowLength({ description: 'Window of the budget: a duration (1d is a day of UTC) or month.' }),
  soft: Percent({ default: '80%', description: 'From here on a signal is given: log, metric, header.' }),
  onStoreDown: OneOf(['allow', 'deny'], {
    default: 'allow',
    description:
      'While the store does not answer: let calls pass and charge them afterwards, or answer 503. Any deny wins.',
  }),
};

export const ConsumerBudget = Strict(allowance);

export const Budgets = Type.Array(
  Strict({
    name: Name('Names the budget in answers, logs and metrics.'),
    scope: OneOf(['consumer', 'group', 'user', 'model', 'key'], {
      description:
        'What it is counted for: each consumer, each of its groups, each end user of a consumer, each model, each API key.',
    }),
    match: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: 'Only these (names; for key consumer/id). Absent: each one has this budget for itself.',
      }),
    ),
    ...allowance,
  }),
  { default: [], description: 'A call must fit into all budgets that it falls under.' },
);

/** Runaway loops: what one session of one consumer may do. */
export const Loops = Type.Optional(
  Strict(
    {
      maxCalls: Type.Optional(Type.Integer({ minimum: 1, description: 'Calls of one session.' })),
      maxUsd: Type.Optional(
        Type.Number({ minimum: 0, maximum: 9_000_000, description: 'US dollars of one session.' }),
      ),
      maxDepth: Type.Optional(
        Type.Integer({
          minimum: 1,
          description: 'Rounds of tool calls since the user last said something, counted in the request.',
        }),
      ),
      per: Duration({ default: '1h', description: 'Window in which a session is counted.' }),
    },
    {
      description:
        'Caps against agents that run away. A session is named by the header x-session-id or by metadata.session_id; calls without one are held to maxDepth only.',
    },
  ),
);

export const LedgerSection = Strict(
  {
    keep: Duration({ default: '90d', description: 'How long a row is kept.' }),
    maxRows: Type.Integer({
      minimum: 1000,
      default: 2_000_000,
      description:
        'Beyond it the oldest rows go first (a row takes half a kilobyte; memory: keeps 50,000 at most).',
    }),
    users: OneOf(['hash', 'plain', 'off'], {
      default: 'hash',
      description: 'How the end user that an application names stands in the ledger.',
    }),
  },
  { default: {}, description: 'One row a model call: who, what, how many tokens, what it cost.' },
);
