import { useMemo, useState } from 'preact/hooks';
import { type Served, useRevising, type Wanted } from '../lib/revising.ts';
import type { Location } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Diff } from '../parts/diff.tsx';
import { Explain } from '../parts/explain.tsx';
import { ForeignChange } from '../parts/foreign-change.tsx';
import { Panel } from '../parts/panel.tsx';
import { Authored, type Revision, RevisionLink, RevisionPanel } from '../parts/revision.tsx';
import { ProblemBox, Shown } from '../parts/shown.tsx';
import { YamlEditor } from '../parts/yaml-editor.tsx';

/** A text that is being written. */
interface Edit {
  readonly base: Served;
  readonly text: string;
  /** The revision that it has become. */
  readonly became?: number;
}

/** What is being written stays while one looks at another view. */
let kept: Edit | undefined;

/** The live file: edit, try, apply; and those that were, to go back to. */
export function Config({ location: { parts } }: { location: Location }) {
  const on = ({ event, data }: { event: string; data: unknown }): boolean =>
    event === 'change' && (data as { kind: string }).kind === 'revision';
  const running = useAnswer<Served>('/api/config', { on });
  const history = useAnswer<{ items: Revision[] }>('/api/revisions?limit=50', { on });
  const [written, set] = useState(kept);
  const revising = useRevising();
  const { outcome, problem } = revising;
  const served = running.value;
  // Nothing is written, or it serves: what serves is shown, and followed.
  const edit = served && written && !(Number(written.became) <= served.revision) ? written : undefined;
  const text = edit?.text ?? served?.text ?? '';

  const setWritten = (to: Edit | undefined): void => {
    kept = to;
    set(to);
  };
  const write = (to: string): void => {
    const base = edit?.base ?? served;
    setWritten(base && to !== base.text ? { base, text: to } : undefined);
  };
  const takeBack = (): void => {
    setWritten(undefined);
    revising.clear();
  };
  // What has just been applied is applied once.
  const isToApply = edit !== undefined && edit.became === undefined;
  const change = (isDry: boolean, base = edit?.base): void => {
    if (!base) return;
    const wanted: Wanted = { path: '/api/revisions', etag: base.etag, text };
    revising.revise(wanted, isDry, ({ revision }) => {
      setWritten({ base, text, became: revision });
      running.reload();
    });
  };

  const bad = useMemo(
    () => new Set(problem?.problems?.flatMap(({ line }) => (line === undefined ? [] : [line])) ?? []),
    [problem],
  );
  const [, number] = parts;
  return (
    <div class="grid">
      <Panel title="The file" side={served && <RevisionLink number={(edit?.base ?? served).revision} />}>
        <label class="unseen" for="config-text">
          Configuration, YAML
        </label>
        <YamlEditor id="config-text" value={text} bad={bad} onInput={write} />
        {problem?.problems && (
          <ul class="marks" aria-label="What is wrong, and where">
            {problem.problems.map(({ message, line = 1, column = 1, key }) => (
              <li key={`${line}:${column}:${message}`}>
                <button type="button" class="quiet" onClick={() => goTo(line, column)}>
                  line {line}
                </button>{' '}
                {key !== undefined && <code>{key}</code>} {message}
              </li>
            ))}
          </ul>
        )}
        <div class="row">
          <button type="button" class="plain" disabled={!isToApply} onClick={() => change(true)}>
            Try
          </button>
          <button type="button" disabled={!isToApply} onClick={() => change(false)}>
            Apply
          </button>
          <button type="button" class="quiet" disabled={!edit} onClick={takeBack}>
            Take back
          </button>
        </div>
      </Panel>
      <div>
        {running.problem && <ProblemBox problem={running.problem} onRetry={running.reload} />}
        {problem && <ProblemBox problem={{ ...problem, problems: undefined }} />}
        {edit && served && edit.base.etag !== served.etag && !revising.isApplying && (
          <ForeignChange
            base={edit.base}
            served={served}
            onKeep={() => {
              setWritten({ base: served, text });
              change(true, served);
            }}
          />
        )}
        {number !== undefined && served && (
          <RevisionPanel
            key={number}
            // A number, whatever the address says: it becomes a part of paths that change something.
            number={Number(number)}
            served={served}
            revising={revising}
            isEdited={edit !== undefined}
          />
        )}
        {outcome && (!outcome.isDry || outcome.text === text) && (
          <Panel
            title={
              outcome.isDry
                ? 'What it would change'
                : `Revision ${outcome.revision} ${Number(served?.revision) > outcome.revision ? 'was applied' : 'serves'}`
            }
          >
            {!outcome.isDry && !outcome.file.isWritten && (
              <p>Not written to the file: {outcome.file.reason}</p>
            )}
            <Diff lines={outcome.diff} />
          </Panel>
        )}
        <Explain />
        <Panel title="History">
          <Shown answer={history}>
            {({ items }) => (
              <ol class="history">
                {items.map((revision) => (
                  <li key={revision.number}>
                    <RevisionLink number={revision.number} /> <Authored revision={revision} />
                  </li>
                ))}
              </ol>
            )}
          </Shown>
        </Panel>
      </div>
    </div>
  );
}

/** Puts the caret where something is wrong. */
function goTo(line: number, column: number): void {
  const area = document.getElementById('config-text') as HTMLTextAreaElement;
  const before = area.value.split('\n').slice(0, line - 1);
  const at = before.reduce((sum, each) => sum + each.length + 1, column - 1);
  area.focus();
  area.setSelectionRange(at, at);
  const height = area.scrollHeight / area.value.split('\n').length;
  area.scrollTop = Math.max(0, (line - 5) * height);
}
