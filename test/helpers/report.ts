import type { Report } from '../../src/hypercare/feedback/report.ts';

/** A complaint as the intake makes it. */
export const report = (more: Pick<Report, 'id' | 'at'> & Partial<Report>): Report => ({
  source: 'widget',
  score: null,
  scoreKind: null,
  comment: 'It is slow',
  category: 'performance',
  labels: [],
  page: '',
  appVersion: '',
  screenshot: '',
  survey: '',
  consumer: '',
  author: 'ann',
  requestId: '',
  external: null,
  count: 1,
  lastAt: more.at,
  question: '',
  about: '',
  request: null,
  findings: [],
  fixed: [],
  ...more,
});
