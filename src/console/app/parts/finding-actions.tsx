import { useChange } from '../lib/change.ts';
import type { Action, Finding } from '../lib/finding.ts';
import { percent } from '../lib/format.ts';
import { Panel } from './panel.tsx';
import { RevisionLink } from './revision.tsx';
import { ProblemBox } from './shown.tsx';
import { StateTag } from './tags.tsx';

/** What can be done about it, each tried out before it is offered. */
export function FindingActions({
  finding,
  path,
  chosen,
  reload,
}: {
  finding: Finding;
  path: string;
  /** Number of the action that somebody came here for; '' = none. */
  chosen: string;
  reload(): void;
}) {
  const change = useChange();
  const { actions, expected } = finding;
  return (
    <Panel title="What to do">
      {change.problem && <ProblemBox problem={change.problem} />}
      {actions.length === 0 && (
        <p class="empty">Nothing that the gateway could do by itself. The cause says where to look.</p>
      )}
      {expected && (
        <p>
          Expected: {expected.metric} under {percent(expected.target)} within{' '}
          {Math.round(expected.withinMs / 60_000)} min.
        </p>
      )}
      {actions.map((action) => (
        <article key={action.n} class={`action ${String(action.n) === chosen ? 'chosen' : ''}`}>
          <h3>
            {action.title} <StateTag state={action.status} /> <span class="muted">risk {action.risk}</span>{' '}
            {action.applied && <RevisionLink number={action.applied.revision} />}
          </h3>
          <Patch action={action} />
          <p class={action.dryRun.ok ? 'muted' : 'bad'}>
            {action.dryRun.ok
              ? 'Tried out: it is valid and can be built.'
              : `Tried out, and refused: ${action.dryRun.problem}`}
          </p>
          <div class="row">
            {(action.status === 'offered' || action.status === 'reverted') && (
              <>
                <button
                  type="button"
                  disabled={change.isRunning || !action.dryRun.ok}
                  onClick={() => change.run(`${path}/actions/${action.n}/apply`, null, reload)}
                >
                  Do it
                </button>
                {action.canary && (
                  <button
                    type="button"
                    class="plain"
                    disabled={change.isRunning || !action.dryRun.ok}
                    onClick={() => change.run(`${path}/actions/${action.n}/apply`, { canary: true }, reload)}
                  >
                    For a part of the traffic first
                  </button>
                )}
              </>
            )}
            {(action.status === 'applied' || action.status === 'canary') && (
              <button
                type="button"
                class="danger"
                disabled={change.isRunning}
                onClick={() => change.run(`${path}/actions/${action.n}/revert`, null, reload)}
              >
                Take it back
              </button>
            )}
          </div>
        </article>
      ))}
    </Panel>
  );
}

/** The change as lines of a difference. */
function Patch({ action: { does } }: { action: Action }) {
  const lines = does.patch.filter(({ op }) => op !== 'test');
  const before = new Map(
    does.patch.filter(({ op }) => op === 'test').map(({ path, value }) => [path, value]),
  );
  if (lines.length === 0) return <pre>{JSON.stringify(does.call, null, 2)}</pre>;
  return (
    <pre class="diff">
      {lines.map(({ op, path, value }) => (
        <span key={`${op}${path}`}>
          {(op === 'remove' || before.has(path)) && (
            <del>{`- ${path}: ${JSON.stringify(before.get(path)) ?? ''}`}</del>
          )}
          {op !== 'remove' && <ins>{`+ ${path}: ${JSON.stringify(value)}`}</ins>}
        </span>
      ))}
    </pre>
  );
}
