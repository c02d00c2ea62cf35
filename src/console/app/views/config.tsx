import { useEffect, useMemo, useState } from 'preact/hooks';
import { ask, type Problem, request } from '../lib/api.ts';
import { problemOf, useAnswer } from '../lib/use-answer.ts';
import { Time } from '../parts/clock.tsx';
import { Diff, type DiffLine } from '../parts/diff.tsx';
import { Explain } from '../parts/explain.tsx';
import { Panel } from '../parts/panel.tsx';
import { ProblemBox, Shown } from '../parts/shown.tsx';
import { YamlEditor } from '../parts/yaml-editor.tsx';

interface Served {
  revision: number;
  text: string;
}

interface Revision {
  number: number;
  at: number;
  author: string;
  note: string;
}

interface Outcome {
  revision: number;
  isNew: boolean;
  diff: DiffLine[];
  file: { isWritten: boolean; reason: string };
}

/** The live file: edit, try, apply; and those that were, to go back to. */
export function Config() {
  const [etag, setEtag] = useState('');
  const [served, setServed] = useState<Served>();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [outcome, setOutcome] = useState<Outcome & { isDry: boolean }>();
  const history = useAnswer<{ items: Revision[] }>('/api/revisions?limit=50', {
    on: ({ event }) => event === 'change',
  });

  const load = (): void => {
    request('/api/config').then(
      async (response) => {
        const config = (await response.json()) as Served;
        setEtag(response.headers.get('etag') ?? '');
        setServed(config);
        setText(config.text);
        setProblem(undefined);
      },
      (error: unknown) => setProblem(problemOf(error)),
    );
  };
  useEffect(load, []);

  const change = (path: string, isDry: boolean, body?: string): void => {
    ask<Outcome>(`${path}${isDry ? '?dryRun=true' : ''}`, {
      method: 'POST',
      headers: { 'if-match': etag },
      ...(body === undefined ? {} : { body, type: 'application/yaml' }),
    }).then(
      (done) => {
        setProblem(undefined);
        setOutcome({ ...done, isDry });
        if (!isDry) load();
      },
      (error: unknown) => {
        setOutcome(undefined);
        setProblem(problemOf(error));
      },
    );
  };

  const bad = useMemo(
    () => new Set(problem?.problems?.flatMap(({ line }) => (line === undefined ? [] : [line])) ?? []),
    [problem],
  );
  const isChanged = served !== undefined && text !== served.text;
  return (
    <div class="grid">
      <Panel title="The file" side={served && <span>revision {served.revision}</span>}>
        <label class="unseen" for="config-text">
          Configuration, YAML
        </label>
        <YamlEditor id="config-text" value={text} bad={bad} onInput={setText} />
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
          <button
            type="button"
            class="plain"
            disabled={!isChanged}
            onClick={() => change('/api/revisions', true, text)}
          >
            Try
          </button>
          <button type="button" disabled={!isChanged} onClick={() => change('/api/revisions', false, text)}>
            Apply
          </button>
          <button type="button" class="quiet" disabled={!isChanged} onClick={load}>
            Take back
          </button>
        </div>
      </Panel>
      <div>
        {problem && (
          <ProblemBox
            problem={problem.problems ? { ...problem, problems: undefined } : problem}
            {...(served ? {} : { onRetry: load })}
          />
        )}
        {outcome && (
          <Panel title={outcome.isDry ? 'What it would change' : `Revision ${outcome.revision} serves`}>
            {!outcome.isDry && !outcome.file.isWritten && (
              <p>Not written to the file: {outcome.file.reason}</p>
            )}
            <Diff lines={outcome.diff} />
          </Panel>
        )}
        <Explain />
        <Panel
          title="History"
          side={isChanged && <span class="muted">apply or take back your edit first</span>}
        >
          <Shown answer={history}>
            {({ items }) => (
              <ol class="history">
                {items.map(({ number, at, author, note }) => (
                  <li key={number}>
                    <b>{number}</b> <Time at={at} /> by {author} {note && <q>{note}</q>}{' '}
                    {number !== served?.revision && (
                      <button
                        type="button"
                        class="quiet"
                        disabled={isChanged}
                        onClick={() => change(`/api/revisions/${number}/apply`, false)}
                      >
                        Go back to it
                      </button>
                    )}
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
