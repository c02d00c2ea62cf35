import { type Static, Type } from 'typebox';
import { PRIORITIES } from '../../config/schema/hypercare-channels.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Finding } from '../../hypercare/findings/finding.ts';
import { logQueryOf } from '../../hypercare/findings/log-query.ts';
import { SORTS, select } from '../../hypercare/findings/query.ts';
import { answers } from '../openapi.ts';
import { PageQuery, pageAfter } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { FINDING_CATEGORIES, FINDING_STATES, FindingShown } from '../shown/finding.ts';

const Text = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 500, description }));
const Query = Type.Object(
  {
    ...PageQuery.properties,
    state: Text('One or more states, joined by commas; `active` = all that are not over and not muted.'),
    priority: Text('P0 to P4, joined by commas.'),
    category: Text('One or more, joined by commas.'),
    label: Text('context-integrity, …'),
    place: Text('route=checkout, target=http://…, or just a value.'),
    q: Text('Words of the title or sentence.'),
    sort: Type.Optional(
      Type.Unsafe<(typeof SORTS)[number]>({ type: 'string', enum: [...SORTS], default: 'priority' }),
    ),
  },
  { additionalProperties: false },
);

const Page = Type.Object({
  findings: Type.Array(FindingShown),
  next: Type.Optional(
    Type.String({ description: 'Give it as `after` to get what follows; absent at the end.' }),
  ),
  total: Type.Integer({ description: 'How many fit, on all pages.' }),
  byPriority: Type.Record(Type.String(), Type.Integer(), { description: 'The same, for each of P0 to P4.' }),
});

const ACTIVE = ['open', 'acknowledged', 'acting', 'verifying', 'regressed'] as const;

/** Findings: what to do next. */
export function findingRoutes(app: AdminApp, { care }: Pick<AdminPorts, 'care'>): void {
  app.get(
    '/api/findings',
    {
      schema: {
        operationId: 'listFindings',
        tags: ['findings'],
        summary: 'Findings, the most urgent first',
        querystring: Query,
        response: answers(Page),
      },
    },
    async ({ query }) => {
      const { state, priority, category, label, place, q, sort = 'priority' } = query;
      const states = state === 'active' ? ACTIVE : listOf(state, FINDING_STATES, 'state');
      const found = select(await care.book.all(), {
        states,
        priorities: listOf(priority, PRIORITIES, 'priority'),
        categories: listOf(category, FINDING_CATEGORIES, 'category'),
        label,
        place,
        text: q,
        sort,
      });
      const byPriority = Object.fromEntries(PRIORITIES.map((each) => [each, 0]));
      for (const each of found) byPriority[each.priority] = (byPriority[each.priority] ?? 0) + 1;
      const page = pageAfter(found, query, ({ id }) => id);
      const next = page.next === undefined ? {} : { next: page.next };
      return { findings: page.items.map(shownFinding), total: found.length, byPriority, ...next };
    },
  );

  app.get(
    '/api/findings/:id',
    {
      schema: {
        operationId: 'getFinding',
        tags: ['findings'],
        summary: 'A finding with its evidence and history',
        params: Type.Object({ id: Type.String() }),
        response: answers(FindingShown),
      },
    },
    async ({ params: { id } }) => {
      const finding = await care.book.get(id);
      if (finding) return shownFinding(finding);
      throw new GatewayError('resource_unknown', { detail: `There is no finding ${JSON.stringify(id)}.` });
    },
  );
}

/** As the API shows it. */
export const shownFinding = (finding: Finding): Static<typeof FindingShown> =>
  ({
    ...finding,
    evidence: { ...finding.evidence, logQuery: logQueryOf(finding) },
  }) as unknown as Static<typeof FindingShown>;

function listOf<const T extends string>(
  text: string | undefined,
  known: readonly T[],
  what: string,
): T[] | undefined {
  if (text === undefined) return undefined;
  return text.split(',').map((each) => {
    const value = known.find((one) => one === each.trim());
    if (value) return value;
    const detail = `${what}: ${JSON.stringify(each)} is none of ${known.join(', ')}.`;
    throw new GatewayError('request_invalid', { param: `/${what}`, detail });
  });
}
