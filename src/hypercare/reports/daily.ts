import { clock, figure, span } from '../findings/figures.ts';
import { type Finding, isOver } from '../findings/finding.ts';
import type { Kpis } from '../kpis/kpis.ts';
import { list, plain, table } from './markdown.ts';

const time = (ms: number | null): string => (ms === null ? 'unknown' : span(ms));
const share = (part: number | null): string => (part === null ? 'unknown' : figure(part, 'rate'));

/** What the day brought: for stakeholders. */
export function dailyReport(findings: readonly Finding[], kpis: Kpis): string {
  const { from, to } = kpis;
  const within = (at: number | null): boolean => at !== null && at >= from && at < to;
  const opened = findings.filter(({ openedAt }) => within(openedAt));
  const resolved = findings.filter(({ resolvedAt }) => within(resolvedAt));
  const open = findings
    .filter((finding) => !isOver(finding))
    .sort((a, b) => (a.priority < b.priority ? -1 : 1));
  const line = ({ id, priority, sentence }: Finding): string => `**${priority}** ${plain(sentence)} (${id})`;
  return [
    `# Hypercare, ${new Date(from).toISOString().slice(0, 10)} ${clock(from)} to ${clock(to, from)}`,
    table(
      ['', ''],
      [
        ['Findings opened, resolved, open', `${opened.length}, ${resolved.length}, ${open.length}`],
        [
          'Time to detect, take on, resolve',
          [kpis.meanTimeToDetect, kpis.meanTimeToAcknowledge, kpis.meanTimeToResolve].map(time).join(', '),
        ],
        ['Availability', share(kpis.availability)],
        ['Came back', share(kpis.reopenedShare)],
        ['Acted on', share(kpis.actedOnShare)],
        ['Feedback', kpis.feedback.reports],
        ['CSAT, NPS', `${kpis.csat?.value ?? 'unknown'}, ${kpis.nps?.value ?? 'unknown'}`],
      ],
    ),
    '## Open',
    list(open.map(line)),
    '## Resolved',
    list(
      resolved.map(
        ({ id, title, verification }) => `${plain(title)}: ${plain(verification?.claim ?? '')} (${id})`,
      ),
    ),
    '## New',
    list(opened.map(line)),
    '',
  ].join('\n\n');
}
