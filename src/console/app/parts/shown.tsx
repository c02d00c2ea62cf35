import type { ComponentChildren } from 'preact';
import type { Problem } from '../lib/api.ts';
import type { Answer } from '../lib/use-answer.ts';

/** What was asked for, once it is there; until then that it is on its way, or why it does not come. */
export function Shown<T>({ answer, children }: { answer: Answer<T>; children(value: T): ComponentChildren }) {
  const { value, problem, isLoading, reload } = answer;
  return (
    <>
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {value !== undefined
        ? children(value)
        : isLoading && !problem && <p class="loading">Asking the gateway …</p>}
    </>
  );
}

/** What went wrong and where, as the gateway says it. */
export function ProblemBox({ problem, onRetry }: { problem: Problem; onRetry?(): void }) {
  return (
    <div class="problem" role="alert">
      <p>
        {problem.detail ?? problem.title ?? problem.code} <code>{problem.code}</code>
      </p>
      {problem.problems && (
        <ul>
          {problem.problems.map(({ message, line, column, key }) => (
            <li key={`${line}:${column}:${key}:${message}`}>
              {line !== undefined && `line ${line}${column === undefined ? '' : `:${column}`} `}
              {key !== undefined && <code>{key}</code>} {message}
            </li>
          ))}
        </ul>
      )}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Ask again
        </button>
      )}
    </div>
  );
}

/** Nothing is there, and what to do so that there is. */
export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;
