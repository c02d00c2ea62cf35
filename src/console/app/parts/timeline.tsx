import type { Finding } from '../lib/finding.ts';
import { ago } from '../lib/format.ts';
import type { Report } from '../lib/report.ts';
import { linkTo } from '../lib/router.ts';
import { Time } from './clock.tsx';
import { ChangeOf } from './place.tsx';
import { PriorityTag } from './tags.tsx';

/** A change of state as the admin API shows it. */
export interface Change {
  readonly id: number;
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly by: string;
}

interface Entry {
  readonly at: number;
  /** Where it lies among the others, if that is not its time. */
  readonly liesAt?: number;
  readonly change?: Change;
  readonly finding?: Finding;
  /** That nothing else lies between, newest first. */
  readonly said?: readonly Report[];
}

/** What was changed, what began and what people said, the newest first: what stands just before a finding is what to look at. */
export const Timeline = (lists: {
  changes: readonly Change[];
  findings: readonly Finding[];
  reports: readonly Report[];
}) => (
  <ol class="timeline">
    {onOneLine(lists).map(({ at, change, finding, said }) => (
      <li
        key={`${change?.id} ${finding?.id} ${said?.at(-1)?.id}`}
        class={finding ? 'timeline-finding' : said && 'timeline-said'}
      >
        <Time at={at} /> <span class="muted">{ago(at)}</span>
        {change && <Changed change={change} />}
        {finding && (
          <div>
            <PriorityTag priority={finding.priority} /> began:{' '}
            <a href={linkTo(['findings', finding.id])}>{finding.title}</a>
          </div>
        )}
        {said && <Said reports={said} />}
      </li>
    ))}
  </ol>
);

function onOneLine(lists: {
  changes: readonly Change[];
  findings: readonly Finding[];
  reports: readonly Report[];
}): Entry[] {
  const sorted = [
    ...lists.findings.map(begun),
    ...lists.changes.map((change): Entry => ({ at: change.at, change })),
    ...lists.reports.map((report): Entry => ({ at: report.at, said: [report] })),
  ].sort((a, b) => (b.liesAt ?? b.at) - (a.liesAt ?? a.at));
  const entries: Entry[] = [];
  for (const entry of sorted) {
    const last = entries.at(-1);
    if (entry.said && last?.said)
      entries[entries.length - 1] = { at: entry.at, said: [...last.said, ...entry.said] };
    else entries.push(entry);
  }
  return entries;
}

/** A beginning is known to a tick: a finding lies on the change that it is put down to, also where that came within it. */
function begun(finding: Finding): Entry {
  const at = finding.when.since;
  return { at, finding, liesAt: Math.max(at, finding.cause.change?.at ?? at) };
}

const Changed = ({ change }: { change: Change }) => (
  <div>
    <ChangeOf change={change} />{' '}
    <span class="muted">
      {change.reason} · {change.by}
    </span>
  </div>
);

/** Words, or a score; of several the first of them, which are the nearest to what was changed. */
function Said({ reports }: { reports: readonly Report[] }) {
  const { id, comment, scoreKind, score } = reports.at(-1) as Report;
  return (
    <div>
      <b>feedback</b>{' '}
      <a class="timeline-words" href={linkTo(['feedback', id])}>
        {comment === '' ? `${scoreKind} ${score}` : `“${comment}”`}
      </a>
      {reports.length > 1 && (
        <>
          {' '}
          <a href={linkTo(['feedback'])}>
            and {reports.length - 1} more until <Time at={(reports[0] as Report).at} />
          </a>
        </>
      )}
    </div>
  );
}
