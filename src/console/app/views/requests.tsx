import type { Scope } from '../lib/finding.ts';
import { duration, usd } from '../lib/format.ts';
import { go, type Location, linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Time } from '../parts/clock.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Filter } from '../parts/filter.tsx';
import { PAGE } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Place } from '../parts/place.tsx';
import { Empty, Shown } from '../parts/shown.tsx';

interface Recorded {
  readonly id: string;
  readonly traceId: string;
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly reason: string;
  readonly durationMs: number;
  readonly scope: Scope;
  readonly session: string;
  readonly attempts: readonly {
    readonly upstream: string;
    readonly target: string;
    readonly reason: string;
    readonly endedMs: number;
  }[];
  readonly retries: number;
  readonly breaker: string;
  readonly fallback: string;
  readonly cache: string;
  readonly outcome: string;
  readonly usd: number | null;
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  readonly firstTokenMs: number | null;
}

const FILTERS = ['id', 'consumer', 'route', 'model', 'reason', 'session'] as const;

/** Requests that are kept for a while: bad ones longer than good ones. */
export function Requests({ location }: { location: Location }) {
  const [, id] = location.parts;
  const asked: Record<string, string> = id === undefined ? {} : { id };
  for (const name of FILTERS) {
    const value = location.query.get(name);
    if (value) asked[name] = value;
  }
  const limit = location.query.get('limit') === '500' ? 500 : PAGE;
  const answer = useAnswer<{ items: Recorded[] }>(
    `/api/requests?${new URLSearchParams({ ...asked, limit: String(limit) })}`,
    id === undefined ? { every: 10_000 } : {},
  );
  const filter = (name: string, value: string): void => go(linkTo(['requests'], { ...asked, [name]: value }));
  return (
    <Panel title={id === undefined ? 'Requests' : `Request ${id}`}>
      {id === undefined && (
        <form class="row filters" onSubmit={(event) => event.preventDefault()}>
          {FILTERS.map((name) => (
            <Filter key={name} name={name} value={asked[name]} onFilter={(value) => filter(name, value)} />
          ))}
        </form>
      )}
      <Shown answer={answer}>
        {({ items }) => {
          const [only] = items;
          if (!only)
            return (
              <Empty>
                {Object.keys(asked).length === 0
                  ? 'No request is kept yet. Send one to the public listener, and it is here.'
                  : 'No such request is kept any more. The access log has all of them: search it for the request id.'}
              </Empty>
            );
          if (id !== undefined) return <Way request={only} />;
          return (
            <>
              <List items={items} />
              {items.length === limit && limit === PAGE && (
                <a href={linkTo(['requests'], { ...asked, limit: '500' })}>Up to 500 of them</a>
              )}
            </>
          );
        }}
      </Shown>
    </Panel>
  );
}

const List = ({ items }: { items: readonly Recorded[] }) => (
  <DataTable
    caption="Requests, the newest first"
    rows={items}
    keyOf={({ id, at }) => `${id}${at}`}
    columns={[
      { title: 'Time', cell: ({ at }) => <Time at={at} /> },
      {
        title: 'Request',
        cell: ({ id, method, path }) => (
          <a href={linkTo(['requests', id])}>
            {method} {path}
          </a>
        ),
      },
      { title: 'Status', isFigure: true, cell: ({ status }) => status },
      {
        title: 'Reason',
        cell: ({ reason }) => <span class={reason === 'ok' ? 'muted' : 'bad'}>{reason}</span>,
      },
      { title: 'Took', isFigure: true, cell: ({ durationMs }) => duration(durationMs) },
      { title: 'Consumer', cell: ({ scope }) => scope.consumer ?? '' },
      { title: 'Target', cell: ({ scope }) => scope.target ?? '' },
    ]}
  />
);

/** One request's way through the house, every attempt in it. */
function Way({ request }: { request: Recorded }) {
  const { at, method, path, status, reason, durationMs, scope, attempts, fallback, cache, breaker, outcome } =
    request;
  // An attempt begins when the one before it had failed: until then it was waited for, or paused.
  const beganAt = (n: number): number => attempts[n - 1]?.endedMs ?? 0;
  const steps: readonly { title: string; text: string; isBad?: boolean; took?: [number, number] }[] = [
    { title: 'arrived', text: `${method} ${path}` },
    ...(scope.consumer ? [{ title: 'identified', text: `as ${scope.consumer}` }] : []),
    ...(cache === '' ? [] : [{ title: 'cache', text: cache }]),
    ...(breaker === '' ? [] : [{ title: 'breaker', text: breaker, isBad: breaker === 'open' }]),
    ...attempts.map(({ upstream, target, reason: why, endedMs }, n) => ({
      title: `attempt ${n + 1}`,
      text: `${upstream} ${target}: ${why}`,
      isBad: true,
      took: [beganAt(n), endedMs] as [number, number],
    })),
    ...(scope.target
      ? [
          {
            title: `attempt ${attempts.length + 1}`,
            text: `${scope.upstream ?? scope.provider ?? ''} ${scope.target}`,
            took: [beganAt(attempts.length), durationMs] as [number, number],
          },
        ]
      : []),
    ...(fallback === '' ? [] : [{ title: 'fallback', text: fallback }]),
    {
      title: 'answered',
      text: `${status} ${reason}${outcome === '' ? '' : `, ${outcome}`} after ${duration(durationMs)}`,
      isBad: reason !== 'ok',
    },
  ];
  return (
    <>
      <ol class="way">
        {steps.map(({ title, text, isBad, took }) => (
          <li key={title} class={isBad ? 'way-bad' : undefined}>
            <b>{title}</b> {text}
            {took && <Stretch from={took[0]} to={took[1]} of={durationMs} isBad={isBad ?? false} />}
          </li>
        ))}
      </ol>
      <dl class="facts">
        <dt>When</dt>
        <dd>
          <Time at={at} />
        </dd>
        <dt>Where</dt>
        <dd>
          <Place scope={scope} />
        </dd>
        <dt>Trace</dt>
        <dd class="mono">{request.traceId}</dd>
        {request.session !== '' && (
          <>
            <dt>Session</dt>
            <dd>
              <a href={linkTo(['sessions', request.session], { consumer: scope.consumer })}>
                {request.session}
              </a>
            </dd>
          </>
        )}
        {request.usd !== null && (
          <>
            <dt>Cost</dt>
            <dd>
              {usd(request.usd)}, {request.tokensIn ?? '?'} tokens in, {request.tokensOut ?? '?'} out
              {request.firstTokenMs !== null && `, the first after ${duration(request.firstTokenMs)}`}
            </dd>
          </>
        )}
      </dl>
    </>
  );
}

/** From when to when of the whole request, drawn and said. */
function Stretch({ from, to, of, isBad }: { from: number; to: number; of: number; isBad: boolean }) {
  const whole = Math.max(of, to, 0.001);
  return (
    <span class="stretch">
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect
          x={(from / whole) * 100}
          y="0"
          width={Math.max(0.5, ((to - from) / whole) * 100)}
          height="4"
          class={isBad ? 'stretch-bad' : 'stretch-good'}
        />
      </svg>
      <span class="muted">
        {duration(to - from)}, from {duration(from)} to {duration(to)}
      </span>
    </span>
  );
}
