import { Type } from 'typebox';
import { budgetStandings } from '../../ai/budgets/standing.ts';
import { answers } from '../openapi.ts';
import { limitOf, offsetOf, PageOf, PageQuery, pageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const oneOf = <T extends string>(...values: T[]) => Type.Unsafe<T>({ type: 'string', enum: values });

const Scope = oneOf('consumer', 'group', 'user', 'model', 'key', 'session');

const Standing = Type.Object({
  budget: Type.String(),
  scope: Scope,
  subject: Type.String({ description: 'Whom it is counted for; of a user or session CONSUMER/NAME.' }),
  unit: oneOf('usd', 'tokens', 'requests'),
  limit: Type.Number(),
  spent: Type.Number({ description: 'What calls of this window came to.' }),
  held: Type.Number({ description: 'Reserved by calls that still run.' }),
  level: oneOf('ok', 'soft', 'spent'),
  from: Type.Number({ description: 'Begin of the window: milliseconds since the epoch.' }),
  to: Type.Number({ description: 'Its end, when all of the budget is there again.' }),
});

const name = (description: string) => Type.Optional(Type.String({ maxLength: 256, description }));
const Query = Type.Object(
  {
    ...PageQuery.properties,
    budget: name('Only budgets of this name.'),
    scope: Type.Optional(Scope),
    subject: name('Only what is counted for this one.'),
    consumer: name('Also one that is not in the config: jwt:NAME.'),
    user: name('An end user of this consumer: users are in no list.'),
    session: name('A session of this consumer, with its caps against loops.'),
  },
  { additionalProperties: false },
);

/** What is left to spend. */
export function budgetRoutes(
  app: AdminApp,
  { served, budgets, now }: Pick<AdminPorts, 'served' | 'budgets' | 'now'>,
): void {
  app.get(
    '/api/budgets',
    {
      schema: {
        operationId: 'getBudgets',
        tags: ['usage'],
        summary:
          'Each budget in its current window: of whom, how much is spent and reserved, the fullest first',
        querystring: Query,
        response: answers(PageOf(Standing)),
      },
    },
    async ({ query }) => {
      const [skipped, limit] = [offsetOf(query), limitOf(query)];
      const all = await budgetStandings(served.loaded.config, budgets, now(), query);
      const items = all
        .filter(
          ({ budget, scope, subject }) =>
            budget === (query.budget ?? budget) &&
            scope === (query.scope ?? scope) &&
            subject === (query.subject ?? subject),
        )
        .map(({ window: { startsAt: from, endsAt: to }, ...standing }) => ({ ...standing, from, to }))
        .sort((a, b) => shareOf(b) - shareOf(a));
      return pageOf(items.slice(skipped), limit, () => String(skipped + limit));
    },
  );
}

const shareOf = ({ limit, spent, held }: { limit: number; spent: number; held: number }): number =>
  limit === 0 ? 1 : (spent + held) / limit;
