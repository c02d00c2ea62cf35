import { useState } from 'preact/hooks';
import { useChange } from '../lib/change.ts';
import { Panel } from './panel.tsx';
import { ProblemBox } from './shown.tsx';

interface Explained {
  readonly path: string | null;
  readonly refused: string | null;
  readonly isProbe: boolean;
  readonly route: {
    readonly name: string;
    readonly kind: string;
    readonly upstreamPath: string | null;
    readonly variant: string | null;
  } | null;
  readonly policies: readonly { readonly name: string; readonly slot: string; readonly settings: unknown }[];
  readonly others: readonly { readonly name: string; readonly why: string }[];
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** `name: value`, one a line. */
const headersIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()]),
  );

/** What would become of a request under the config that serves. */
export function Explain() {
  const change = useChange();
  const [asked, setAsked] = useState({ method: 'GET', target: '/', headers: '' });
  const [explained, setExplained] = useState<Explained>();
  return (
    <Panel title="What would become of a request?">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const { method, target, headers } = asked;
          change.run('/api/explain', { method, target, headers: headersIn(headers) }, setExplained);
        }}
      >
        <div class="row">
          <select
            aria-label="Method"
            value={asked.method}
            onChange={(event) => setAsked({ ...asked, method: event.currentTarget.value })}
          >
            {METHODS.map((method) => (
              <option key={method} value={method}>
                {method}
              </option>
            ))}
          </select>
          <label class="grow">
            <span class="unseen">Path</span>
            <input
              required
              placeholder="/path?with=query"
              value={asked.target}
              onInput={(event) => setAsked({ ...asked, target: event.currentTarget.value })}
            />
          </label>
          <button type="submit" disabled={change.isRunning}>
            Explain
          </button>
        </div>
        <details>
          <summary>Headers</summary>
          <textarea
            aria-label="Headers, name: value, one a line"
            rows={3}
            value={asked.headers}
            onInput={(event) => setAsked({ ...asked, headers: event.currentTarget.value })}
          />
        </details>
      </form>
      {change.problem && <ProblemBox problem={change.problem} />}
      <div role="status">{explained && <Outcome explained={explained} />}</div>
    </Panel>
  );
}

function Outcome({
  explained: { path, refused, isProbe, route, policies, others },
}: {
  explained: Explained;
}) {
  return (
    <>
      <p class="statement">
        {refused !== null ? (
          <>
            Refused before any route is looked for: <code>{refused}</code>
          </>
        ) : isProbe ? (
          'A probe: the gateway answers it itself.'
        ) : route === null ? (
          <>
            No route takes <code>{path}</code>.
          </>
        ) : (
          <>
            Route <b>{route.name}</b> takes it
            {route.upstreamPath !== null && (
              <>
                ; its upstream is asked for <code>{route.upstreamPath}</code>
              </>
            )}
            {route.variant !== null && `, part ${route.variant}`}.
          </>
        )}
      </p>
      {policies.length > 0 && (
        <ol>
          {policies.map(({ name, slot, settings }) => (
            <li key={name}>
              <b>{name}</b> <span class="muted">{slot}</span> <code>{JSON.stringify(settings)}</code>
            </li>
          ))}
        </ol>
      )}
      {others.length > 0 && (
        <details>
          <summary>Why not the others</summary>
          <ul>
            {others.map(({ name, why }) => (
              <li key={name}>
                <b>{name}</b> {why}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
