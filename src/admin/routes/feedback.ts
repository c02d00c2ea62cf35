import { Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import { answers } from '../openapi.ts';
import { limitOf, PageQuery, pageOf } from '../paging.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { FindingCategory } from '../shown/finding.ts';

const Report = Type.Object({
  id: Type.String(),
  at: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  source: Type.String({ description: 'api, widget, jira, zendesk, github or team' }),
  score: Type.Union([Type.Number(), Type.Null()]),
  scoreKind: Type.Union([Type.String(), Type.Null()]),
  comment: Type.String({ description: 'As it came: escape it where you show it.' }),
  category: FindingCategory,
  labels: Type.Array(Type.String()),
  page: Type.String(),
  appVersion: Type.String(),
  screenshot: Type.String(),
  survey: Type.String(),
  consumer: Type.String(),
  author: Type.String({ description: 'A digest that tells people apart.' }),
  requestId: Type.String({ description: 'As it was sent; `request` says whether it is known.' }),
  external: Type.Union([Type.Object({ id: Type.String(), url: Type.String() }), Type.Null()]),
  count: Type.Integer({ description: 'How often the same was said.' }),
  lastAt: Type.Integer(),
  question: Type.String({ description: 'What was asked back; "" = nothing.' }),
  about: Type.String({ description: 'The report that this one completes.' }),
  request: Type.Union([Type.Object({ id: Type.String() }, { additionalProperties: true }), Type.Null()]),
  findings: Type.Array(Type.String()),
  fixed: Type.Array(Type.String(), { description: 'Findings of it that are proven fixed.' }),
});

/** What people said. */
export function feedbackRoutes(app: AdminApp, { care }: Pick<AdminPorts, 'care'>): void {
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
          },
          { additionalProperties: false },
        ),
        response: answers(Type.Object({ feedback: Type.Array(Report), next: Type.Optional(Type.String()) })),
      },
    },
    async ({ query }) => {
      const { category, label, finding, after } = query;
      const all = (await care.reports.all()).filter(
        (report) =>
          (category === undefined || report.category === category) &&
          (label === undefined || report.labels.includes(label)) &&
          (finding === undefined || report.findings.includes(finding)),
      );
      const limit = limitOf(query);
      const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
      const page = pageOf(all.slice(from, from + limit + 1), limit, ({ id }) => id);
      const feedback = page.items.map((report) => ({
        ...report,
        labels: [...report.labels],
        findings: [...report.findings],
        fixed: [...report.fixed],
      }));
      return page.next === undefined ? { feedback } : { feedback, next: page.next };
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
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: answers(Report),
      },
    },
    async ({ params: { id } }) => {
      const report = await care.reports.get(id);
      if (!report) throw new GatewayError('resource_unknown');
      return {
        ...report,
        labels: [...report.labels],
        findings: [...report.findings],
        fixed: [...report.fixed],
      };
    },
  );
}
