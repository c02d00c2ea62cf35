import { useState } from 'preact/hooks';
import { useChange } from '../lib/change.ts';
import type { Report } from '../lib/report.ts';
import { linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Time } from './clock.tsx';
import { Panel } from './panel.tsx';
import { ProblemBox, Shown } from './shown.tsx';

/** One thing that somebody said, what it belongs to, and what they are answered. */
export function ReportDetail({ id }: { id: string }) {
  const path = `/api/feedback/${encodeURIComponent(id)}`;
  const answer = useAnswer<Report>(path, { every: 15_000 });
  return (
    <Panel title={`Report ${id}`} side={<a href={linkTo(['feedback'])}>all of them</a>}>
      <Shown answer={answer}>
        {(report) => (
          <>
            <p class="statement said">{report.comment || '(no words)'}</p>
            <Facts report={report} />
            <Reply key={report.answer?.text} report={report} path={path} reload={answer.reload} />
          </>
        )}
      </Shown>
    </Panel>
  );
}

const Facts = ({ report }: { report: Report }) => (
  <dl class="facts">
    <dt>When</dt>
    <dd>
      <Time at={report.at} />
      {report.count > 1 && `, ${report.count} times`}
    </dd>
    <dt>From</dt>
    <dd>
      {report.source} {report.consumer} {report.page} {report.external?.id}
    </dd>
    <dt>Kind</dt>
    <dd>
      {[report.category, ...report.labels].join(', ')}
      {report.score !== null && `, ${report.scoreKind} ${report.score}`}
    </dd>
    <dt>Request</dt>
    <dd>
      <RequestOf report={report} />
    </dd>
    <dt>Finding</dt>
    <dd>
      <FindingsOf report={report} />
    </dd>
    {report.question !== '' && (
      <>
        <dt>Asked back</dt>
        <dd>{report.question}</dd>
      </>
    )}
  </dl>
);

export const RequestOf = ({ report: { request, requestId } }: { report: Report }) =>
  request ? (
    <a href={linkTo(['requests', request.id])}>{request.id}</a>
  ) : requestId === '' ? null : (
    <span>{requestId} (unknown)</span>
  );

export const FindingsOf = ({ report: { findings, fixed } }: { report: Report }) => (
  <>
    {findings.map((id) => (
      <a key={id} class="block" href={linkTo(['findings', id])}>
        {id} {fixed.includes(id) && '✓ fixed'}
      </a>
    ))}
  </>
);

/** Whoever reported it reads this in the widget; what is fixed they hear by themselves. */
function Reply({ report: { answer }, path, reload }: { report: Report; path: string; reload(): void }) {
  const change = useChange();
  const [text, setText] = useState(answer?.text ?? '');
  return (
    <>
      {change.problem && <ProblemBox problem={change.problem} />}
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          change.run(`${path}/answer`, { text }, reload);
        }}
      >
        <label class="grow">
          Answer, for whoever reported it{' '}
          <input maxLength={1000} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={change.isRunning || text === (answer?.text ?? '')}>
          Answer
        </button>
      </form>
      {answer && (
        <p class="muted">
          Answered by {answer.by} at <Time at={answer.at} />
        </p>
      )}
    </>
  );
}
