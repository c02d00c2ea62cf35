import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import { useChange } from '../lib/change.ts';
import { type Finding, placeOf } from '../lib/finding.ts';
import { count, duration, percent, usd } from '../lib/format.ts';
import { linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Time } from './clock.tsx';
import { FindingActions } from './finding-actions.tsx';
import { FindingChart } from './finding-chart.tsx';
import { Panel } from './panel.tsx';
import { ChangeOf, Place } from './place.tsx';
import { ProblemBox, Shown } from './shown.tsx';
import { PriorityTag, StateTag } from './tags.tsx';
import { VerificationPanel } from './verification.tsx';

/** A finding whole: what it is, how it is known, what to do about it and whether that helped. */
export function FindingDetail({ id, action }: { id: string; action: string }) {
  const path = `/api/findings/${encodeURIComponent(id)}`;
  const answer = useAnswer<Finding>(path, {
    every: 5_000,
    on: ({ event }) => event === 'finding' || event === 'change',
  });
  return (
    <Shown answer={answer}>
      {(finding) => (
        <>
          <Panel
            title={finding.title}
            side={
              <span class="row">
                <PriorityTag priority={finding.priority} /> <StateTag state={finding.state} />
                {[finding.category, ...finding.labels].map((label) => (
                  <span key={label} class="tag tag-muted">
                    {label}
                  </span>
                ))}
              </span>
            }
          >
            <p class="statement">{finding.sentence}</p>
            <FindingChart finding={finding} />
            <Facts finding={finding} />
            <People finding={finding} path={path} reload={answer.reload} />
          </Panel>
          <div class="grid">
            <FindingActions finding={finding} path={path} chosen={action} reload={answer.reload} />
            {finding.verification && <VerificationPanel verification={finding.verification} />}
            <Evidence finding={finding} />
            <History finding={finding} />
          </div>
        </>
      )}
    </Shown>
  );
}

function figure(unit: Finding['what']['unit'], value: number): string {
  if (unit === 'rate') return percent(value);
  if (unit === 'ms') return duration(value);
  return unit === 'usd' ? usd(value) : count(value);
}

function Facts({ finding: { what, where, when, impact, cause, why, correlates } }: { finding: Finding }) {
  return (
    <dl class="facts">
      <dt>What</dt>
      <dd>
        {what.signal}: {figure(what.unit, what.observed)} instead of {figure(what.unit, what.expected)} (95 %:{' '}
        {figure(what.unit, what.interval[0])} to {figure(what.unit, what.interval[1])})
      </dd>
      <dt>Where</dt>
      <dd>
        {where.scopes.map((scope, at) => (
          <Fragment key={placeOf(scope)}>
            {at > 0 && '; '}
            <Place scope={scope} />
          </Fragment>
        ))}
        : {percent(where.share)} of the excess.
        {where.normal.length > 0 && (
          <>
            {' '}
            As usual:{' '}
            {where.normal.map(({ dimension, values }) => `${dimension} ${values.join(', ')}`).join('; ')}.
          </>
        )}
      </dd>
      <dt>When</dt>
      <dd>
        since <Time at={when.since} />
        {when.until !== null && (
          <>
            {' '}
            until <Time at={when.until} />
          </>
        )}
        , {when.pattern}
      </dd>
      <dt>Whom</dt>
      <dd>
        {count(impact.requests)} requests ({percent(impact.share)}),{' '}
        {impact.users === null ? 'users unknown' : `${count(impact.users)} users`},{' '}
        {impact.consumers === null ? 'consumers unknown' : `${count(impact.consumers)} consumers`}
        {impact.usd !== null && `, ${usd(impact.usd)}`}
        {impact.budgetBurnt !== null && `, ${percent(impact.budgetBurnt)} of an error budget`}
      </dd>
      <dt>Cause</dt>
      <dd>
        {cause.sentence}{' '}
        <span class="muted">
          ({cause.kind}, confidence {cause.confidence.toFixed(2)})
        </span>
        {correlates.length > 0 && (
          <ul>
            {correlates.map((change) => (
              <li key={`${change.kind}${change.subject}${change.at}`}>
                <Time at={change.at} /> <ChangeOf change={change} />,{' '}
                {Math.round(Math.abs(change.secondsBefore))} s{' '}
                {change.secondsBefore >= 0 ? 'before' : 'after'} it began (score {change.score.toFixed(2)})
              </li>
            ))}
          </ul>
        )}
      </dd>
      <dt>Why flagged</dt>
      <dd>
        {why.sentence}{' '}
        <span class="muted">
          ({why.detector}: {why.statistic.toFixed(1)} over {why.threshold}, against {why.baseline})
        </span>
      </dd>
    </dl>
  );
}

function People({ finding, path, reload }: { finding: Finding; path: string; reload(): void }) {
  const change = useChange();
  const [note, setNote] = useState('');
  const { state } = finding;
  const isOver = state === 'resolved' || state === 'expired';
  const isUnderWay = state === 'acting' || state === 'verifying';
  return (
    <>
      {change.problem && <ProblemBox problem={change.problem} />}
      <div class="row">
        <button
          type="button"
          disabled={change.isRunning || isOver || state === 'acknowledged'}
          onClick={() => change.run(`${path}/acknowledge`, null, reload)}
        >
          I take it
        </button>
        <button
          type="button"
          class="plain"
          disabled={change.isRunning || isOver || isUnderWay || state === 'muted'}
          onClick={() => change.run(`${path}/mute`, { for: '4h' }, reload)}
        >
          Quiet for 4 h
        </button>
        <button
          type="button"
          class="plain"
          disabled={change.isRunning || isOver}
          onClick={() => change.run(`${path}/resolve`, note === '' ? null : { note }, reload)}
        >
          It is fixed: verify
        </button>
        <label class="grow">
          <span class="unseen">Note</span>
          <input
            placeholder="A note for the team"
            value={note}
            onInput={(event) => setNote(event.currentTarget.value)}
          />
        </label>
        <button
          type="button"
          class="quiet"
          disabled={change.isRunning || note === ''}
          onClick={() =>
            change.run(`${path}/note`, { text: note }, () => {
              setNote('');
              reload();
            })
          }
        >
          Add note
        </button>
      </div>
    </>
  );
}

function Evidence({ finding: { evidence, linked } }: { finding: Finding }) {
  const ids = (of: readonly string[]) =>
    of.length === 0
      ? 'none kept'
      : of.map((id) => (
          <a key={id} class="mono block" href={linkTo(['requests', id])}>
            {id}
          </a>
        ));
  return (
    <Panel title="Evidence">
      <h3>Requests that show it</h3>
      {ids(evidence.bad)}
      <h3>Like them, and well</h3>
      {ids(evidence.good)}
      {evidence.events.length > 0 && (
        <>
          <h3>Events</h3>
          <ul>
            {evidence.events.map((event) => (
              <li key={event}>{event}</li>
            ))}
          </ul>
        </>
      )}
      <h3>In the log</h3>
      <pre>{evidence.logQuery}</pre>
      {linked.feedback.length > 0 && (
        <>
          <h3>What people said</h3>
          {linked.feedback.map((id) => (
            <a key={id} class="block" href={linkTo(['feedback', id])}>
              {id}
            </a>
          ))}
        </>
      )}
      {linked.similar.length > 0 && (
        <>
          <h3>Like it, in the past</h3>
          <ul>
            {linked.similar.map(({ finding, title, fixedBy }) => (
              <li key={finding}>
                <a href={linkTo(['findings', finding])}>{title}</a>
                {fixedBy !== '' && `: ${fixedBy}`}
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

function History({ finding: { history, notes } }: { finding: Finding }) {
  const all = [
    ...history.map(({ at, by, what, note }) => ({ at, by, text: note === '' ? what : `${what}: ${note}` })),
    ...notes,
  ]
    .sort((a, b) => b.at - a.at)
    .map((entry, at) => ({ ...entry, key: `${entry.at}-${at}` }));
  return (
    <Panel title="History">
      <ol class="timeline">
        {all.map(({ key, at, by, text }) => (
          <li key={key}>
            <Time at={at} /> <b>{by}</b> {text}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
