import { type Static, Type } from 'typebox';
import type { Report } from '../../hypercare/feedback/report.ts';
import { OrNull } from '../openapi.ts';
import { FindingCategory } from './finding.ts';

export const AnswerShown = Type.Object({
  at: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  by: Type.String(),
  text: Type.String(),
});

/** A piece of feedback as the API shows it. */
export const ReportShown = Type.Object({
  id: Type.String(),
  at: Type.Integer({ description: 'Milliseconds since the epoch.' }),
  source: Type.String({ description: 'api, widget, jira, zendesk, github or team' }),
  score: OrNull(Type.Number()),
  scoreKind: OrNull(Type.String()),
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
  external: OrNull(Type.Object({ id: Type.String(), url: Type.String() })),
  count: Type.Integer({ description: 'How often the same was said.' }),
  lastAt: Type.Integer(),
  question: Type.String({ description: 'What was asked back; "" = nothing.' }),
  about: Type.String({ description: 'The report that this one completes.' }),
  request: OrNull(Type.Object({ id: Type.String() }, { additionalProperties: true })),
  findings: Type.Array(Type.String()),
  fixed: Type.Array(Type.String(), { description: 'Findings of it that are proven fixed.' }),
  answer: OrNull(AnswerShown),
});

export const shownReport = (report: Report): Static<typeof ReportShown> => ({
  ...report,
  labels: [...report.labels],
  findings: [...report.findings],
  fixed: [...report.fixed],
  answer: report.answer ?? null,
});

/** Complaints of several people about the same thing, as the API shows them. */
export const ClusterShown = Type.Object({
  id: Type.String({ description: 'Give it as `cluster` to GET /api/feedback for its reports.' }),
  topic: Type.String({ description: 'A label (context-integrity), or else a category.' }),
  since: Type.Integer({ description: 'Its first report: milliseconds since the epoch.' }),
  lastAt: Type.Integer(),
  people: Type.Integer(),
  said: Type.Integer({ description: 'Reports, and those that say the same again.' }),
  consumers: Type.Array(Type.String(), { description: 'In whose name it was said, where that is known.' }),
  pages: Type.Array(Type.String(), { description: 'The commonest five.' }),
  comment: Type.String({ description: 'The newest words. As they came: escape them where you show them.' }),
  findings: Type.Array(
    Type.Object({ id: Type.String(), title: Type.String(), state: Type.String(), priority: Type.String() }),
    { description: 'Linked to its reports.' },
  ),
});
