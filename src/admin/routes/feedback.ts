import { type Static, Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Cluster } from '../../hypercare/feedback/clusters.ts';
import type { Report } from '../../hypercare/feedback/report.ts';
import type { FindingBook } from '../../hypercare/findings/book.ts';
import { answers, OrNull } from '../openapi.ts';
import { PageOf, PageQuery, pageAfter } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { FindingCategory } from '../shown/finding.ts';
import { AnswerShown, ClusterShown, ReportShown, shownReport } from '../shown/report.ts';

const PAGES_SHOWN = 5;
const ById = Type.Object({ id: Type.String({ maxLength: 64 }) });

/** What people said. */
export function feedbackRoutes(app: AdminApp, { care, now }: Pick<AdminPorts, 'care' | 'now'>): void {
  const tags = ['feedback'];
  app.get(
    '/api/feedback',
    {
      config: { right: 'content' },
      schema: {
        operationId: 'listFeedback',
        tags,
        summary: 'What people said, newest first; needs the right `content`',
        querystring: Type.Object(
          {
            ...PageQuery.properties,
            category: Type.Optional(FindingCategory),
            label: Type.Optional(Type.String({ maxLength: 64 })),
            finding: Type.Optional(Type.String({ maxLength: 64, description: 'Linked to this one.' })),
            cluster: Type.Optional(
              Type.String({ maxLength: 64, description: 'Of this one: GET /api/feedback/clusters.' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: answers(
          Type.Object({ feedback: Type.Array(ReportShown), next: Type.Optional(Type.String()) }),
        ),
      },
    },
    async ({ query }) => {
      const { category, label, finding, cluster } = query;
      const among = cluster === undefined ? await care.reports.all() : await reportsOf(cluster);
      const all = among.filter(
        (report) =>
          (category === undefined || report.category === category) &&
          (label === undefined || report.labels.includes(label)) &&
          (finding === undefined || report.findings.includes(finding)),
      );
      const { items, next } = pageAfter(all, query, ({ id }) => id);
      const feedback = items.map(shownReport);
      return next === undefined ? { feedback } : { feedback, next };
    },
  );
  app.get(
    '/api/feedback/clusters',
    {
      config: { right: 'content' },
      schema: {
        operationId: 'listFeedbackClusters',
        tags,
        summary:
          'What three people or more complained of within an hour, the last first; needs the right `content`',
        querystring: PageQuery,
        response: answers(PageOf(ClusterShown)),
      },
    },
    async ({ query }) => {
      const { items, next } = pageAfter(await care.report.clusters(), query, ({ id }) => id);
      const shown = await Promise.all(items.map((cluster) => shownCluster(cluster, care.book)));
      return next === undefined ? { items: shown } : { items: shown, next };
    },
  );
  app.get(
    '/api/feedback/:id',
    {
      config: { right: 'content' },
      schema: {
        operationId: 'getFeedback',
        tags,
        summary: 'One thing that somebody said; needs the right `content`',
        params: ById,
        response: answers(ReportShown),
      },
    },
    async ({ params: { id } }) => shownReport(existing(await care.reports.get(id))),
  );
  app.post(
    '/api/feedback/:id/answer',
    {
      schema: {
        operationId: 'answerFeedback',
        tags,
        summary: 'Says something to whoever reported it: in the widget, and at GET /v1/feedback/{id}',
        params: ById,
        body: Type.Object(
          { text: Type.String({ maxLength: 1000, description: '"" takes it back.' }) },
          { additionalProperties: false },
        ),
        // Not the report: who may answer it may not have the right to read what people wrote.
        response: answers(Type.Object({ id: Type.String(), answer: OrNull(AnswerShown) })),
      },
    },
    async ({ params: { id }, body, operator, audited }) => {
      audited.feedback = id;
      const text = body.text.trim();
      const said = { at: now(), by: operator?.name ?? '', text };
      const answered = await care.reports.change(id, ({ answer: _, ...report }) =>
        text === '' ? report : { ...report, answer: said },
      );
      return { id, answer: existing(answered).answer ?? null };
    },
  );

  async function reportsOf(cluster: string): Promise<readonly Report[]> {
    const found = (await care.report.clusters()).find(({ id }) => id === cluster);
    if (found) return found.reports;
    throw new GatewayError('resource_unknown', { detail: `There is no cluster ${JSON.stringify(cluster)}.` });
  }
}

function existing(report: Report | undefined): Report {
  if (report) return report;
  throw new GatewayError('resource_unknown');
}

async function shownCluster(
  { id, topic, since, lastAt, people, said, reports }: Cluster,
  book: Pick<FindingBook, 'get'>,
): Promise<Static<typeof ClusterShown>> {
  const linked = await Promise.all(
    [...new Set(reports.flatMap(({ findings }) => findings))].map((finding) => book.get(finding)),
  );
  return {
    id,
    topic,
    since,
    lastAt,
    people,
    said,
    consumers: commonest(reports.map(({ consumer }) => consumer)),
    pages: commonest(reports.map(({ page }) => page)).slice(0, PAGES_SHOWN),
    comment: reports.find(({ comment }) => comment !== '')?.comment ?? '',
    findings: linked.flatMap((finding) => {
      if (!finding) return [];
      const { id: findingId, title, state, priority } = finding;
      return [{ id: findingId, title, state, priority }];
    }),
  };
}

/** Each once, what is there most often first; '' says nothing. */
function commonest(values: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== '') counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value);
}
