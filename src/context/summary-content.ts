import type { SummaryContent } from './compaction/compactor.ts';
import type { OpenSummary } from './ports.ts';

const READ = new WeakMap<OpenSummary, SummaryContent>();

/** What a summary says. Read once: a conversation goes on with the same one for many turns. */
export function contentOf(summary: OpenSummary): SummaryContent {
  const known = READ.get(summary);
  if (known) return known;
  const content = JSON.parse(summary.content) as SummaryContent;
  READ.set(summary, content);
  return content;
}
