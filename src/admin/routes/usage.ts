import { type Static, Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import { csvLine } from '../../lib/csv.ts';
import { readInvoice } from '../../record/invoice.ts';
import { type InvoiceLine, reconcile } from '../../record/reconcile.ts';
import {
  USAGE_DIMENSIONS,
  type UsageDimension,
  type UsageGroup,
  usageReport,
} from '../../record/usage-report.ts';
import { PART_MS, UsageSums } from '../../record/usage-sums.ts';
import { answers, OrNull } from '../openapi.ts';
import { limitOf, offsetOf, PageOf, PageQuery, pageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

const A_DAY = 86_400_000;
/** A report walks through all rows of its time. */
const LONGEST_DAYS = 400;

const figure = (description: string) => Type.Number({ description });
const Figures = {
  calls: figure('Calls that reached a provider.'),
  estimated: figure('Of these, calls whose provider reported no tokens.'),
  unpriced: figure('Of these, calls of a model without a price.'),
  input: figure('Input tokens, cached ones included.'),
  output: figure('Output tokens, reasoning included.'),
  cached: figure('Input tokens that the provider had cached.'),
  cacheWrite: figure('Input tokens that it wrote to its cache.'),
  reasoning: figure('Output tokens that were thought.'),
  audio: figure('Tokens of sound.'),
  image: figure('Tokens of images.'),
  usd: figure('US dollars.'),
  fromCache: figure('Calls that were answered from the cache, and asked no provider.'),
  savedUsd: figure('US dollars that answers from the cache had cost when they were made.'),
};
const NAMES = Object.keys(Figures) as (keyof typeof Figures)[];

const Group = Type.Object({
  by: Type.Record(Type.String(), Type.String(), {
    description: 'The value of each dimension that was asked for.',
  }),
  ...Figures,
});

const time = (description: string) =>
  Type.Optional(
    Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d(T[0-9:.]+(Z|[+-]\\d\\d:\\d\\d))?$', description }),
  );

const Span = {
  by: Type.Optional(
    Type.String({
      pattern: `^(${USAGE_DIMENSIONS.join('|')})(,(${USAGE_DIMENSIONS.join('|')})){0,3}$`,
      description: `Up to four of ${USAGE_DIMENSIONS.join(', ')}, with commas; default model.`,
    }),
  ),
  from: time('A day (UTC) or a time, inclusive; default a day before `to`.'),
  to: time('A day (UTC) or a time, exclusive; default: all until now (to the end of these five minutes).'),
};
const UsageQuery = Type.Object({ ...PageQuery.properties, ...Span }, { additionalProperties: false });

const Difference = Type.Object({
  day: Type.String(),
  model: Type.String({ description: 'The provider’s own name of it.' }),
  unit: Type.Unsafe<'tokens' | 'usd'>({ type: 'string', enum: ['tokens', 'usd'] }),
  ours: Type.Number(),
  theirs: Type.Number(),
  ratio: Type.Number({ description: '(theirs - ours) / the larger of both.' }),
});

/** What model calls came to, and whether the providers say the same. */
export function usageRoutes(
  app: AdminApp,
  { engine, ledger, flushLedger, now }: Pick<AdminPorts, 'engine' | 'ledger' | 'flushLedger' | 'now'>,
): void {
  const sums = new UsageSums(ledger);
  const reportOf = async (query: Pick<Static<typeof UsageQuery>, 'by' | 'from' | 'to'>) => {
    const by = (query.by ?? 'model').split(',') as UsageDimension[];
    await flushLedger();
    return { by, ...(await usageReport(sums, { ...rangeOf(query, now()), by })) };
  };
  app.get(
    '/api/usage',
    {
      schema: {
        operationId: 'getUsage',
        tags: ['usage'],
        summary: 'Calls, tokens and cost of models by whom and what for, the dearest first',
        querystring: UsageQuery,
        response: answers(
          Type.Intersect([
            PageOf(Group),
            Type.Object({
              total: Type.Object(Figures),
              isCut: Type.Boolean({ description: 'There were over 10,000 groups: the rest is `__other`.' }),
            }),
          ]),
        ),
      },
    },
    async ({ query }) => {
      const { by, groups, total, isCut } = await reportOf(query);
      const skipped = offsetOf(query);
      const limit = limitOf(query);
      const page = pageOf(groups.slice(skipped), limit, () => String(skipped + limit));
      const items = page.items.map(({ by: values, ...figures }) => ({
        by: Object.fromEntries(by.map((dimension, at) => [dimension, values[at] ?? ''])),
        ...figures,
      }));
      return { ...page, items, total, isCut };
    },
  );
  app.get(
    '/api/usage.csv',
    {
      schema: {
        operationId: 'getUsageCsv',
        tags: ['usage'],
        summary: 'The same as CSV, all of it at once',
        querystring: Type.Object(Span, { additionalProperties: false }),
      },
    },
    async ({ query }, reply) => {
      const { by, groups } = await reportOf(query);
      return reply
        .header('content-disposition', 'attachment; filename="usage.csv"')
        .type('text/csv; charset=utf-8')
        .send(csvOf(groups, by));
    },
  );
  app.post(
    '/api/usage/reconcile',
    {
      // A POST because an invoice is too long for a query: who may only read changes nothing by it.
      config: { right: 'read' },
      schema: {
        operationId: 'reconcileUsage',
        tags: ['usage'],
        summary:
          'Where a provider’s invoice or usage export (CSV: day, model, tokens or usd) and the ledger differ',
        description:
          'Asked with the right `write`, a difference of 2 % of all US dollars is a finding until there is none.',
        body: Type.Object(
          {
            csv: Type.String({ description: 'The file’s text.' }),
            threshold: Type.Optional(
              Type.Number({ minimum: 0, maximum: 1, description: 'Share that may differ; default 0.02.' }),
            ),
            provider: Type.Optional(
              Type.String({
                minLength: 1,
                maxLength: 200,
                description:
                  'Whose it is, by the name in the config; default the only one with these models.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: answers(
          Type.Object({
            differences: Type.Array(Difference),
            unmatched: Type.Array(Type.String(), {
              description: 'What the invoice names and the ledger has nothing of.',
            }),
            lines: Type.Integer(),
            bill: OrNull(
              Type.Object(
                { provider: Type.String(), ledgerUsd: Type.Number(), providerUsd: Type.Number() },
                {
                  description: 'What both come to; null: no US dollars, or nobody knows whose invoice it is.',
                },
              ),
            ),
          }),
        ),
      },
    },
    async ({ body, operator }) => {
      await flushLedger();
      const invoice = invoiceIn(body.csv);
      const { threshold = 0.02, provider } = body;
      const {
        differences,
        unmatched,
        bill = null,
      } = await reconcile(ledger, invoice, { threshold, provider });
      if (bill && operator?.rights.includes('write')) engine.reconciled(bill);
      return { differences: [...differences], unmatched: [...unmatched], lines: invoice.length, bill };
    },
  );
}

function rangeOf(
  { from, to }: Pick<Static<typeof UsageQuery>, 'from' | 'to'>,
  now: number,
): { from: number; to: number } {
  // A time that is made of whole parts is held as sums, all of it.
  const end = timeOf('to', to) ?? (Math.floor(now / PART_MS) + 1) * PART_MS;
  const start = timeOf('from', from) ?? end - A_DAY;
  if (start >= end)
    throw new GatewayError('request_invalid', { param: '/from', detail: 'from must be before to.' });
  if (end - start > LONGEST_DAYS * A_DAY)
    throw new GatewayError('request_invalid', {
      param: '/from',
      detail: `At most ${LONGEST_DAYS} days at once.`,
    });
  return { from: start, to: end };
}

function timeOf(param: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new GatewayError('request_invalid', { param: `/${param}`, detail: 'It is no time.' });
  return time;
}

function invoiceIn(csv: string): InvoiceLine[] {
  try {
    return readInvoice(csv);
  } catch (error) {
    throw new GatewayError('body_invalid', { param: '/csv', detail: `${(error as Error).message}.` });
  }
}

function csvOf(groups: readonly UsageGroup[], by: readonly UsageDimension[]): string {
  const lines = groups.map(({ by: values, ...figures }) =>
    csvLine([...values, ...NAMES.map((name) => figures[name])]),
  );
  return csvLine([...by, ...NAMES]) + lines.join('');
}
