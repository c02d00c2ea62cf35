import { ago, duration } from '../lib/format.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Panel } from '../parts/panel.tsx';
import { Empty, Shown } from '../parts/shown.tsx';

interface Target {
  url: string;
  weight: number;
  state: string;
  since: number;
  reason: string;
  inFlight: number;
  ewmaMs: number;
}

interface Upstream {
  name: string;
  balance: string;
  breaker: { state: string; forced: boolean };
  isPanic: boolean;
  targets: Target[];
}

const TONES: Readonly<Record<string, string>> = {
  healthy: 'good',
  closed: 'good',
  open: 'bad',
  unhealthy: 'bad',
  ejected: 'bad',
  'half-open': 'warn',
  draining: 'warn',
};

const State = ({ state }: { state: string }) => (
  <span class={`tag tag-${TONES[state] ?? 'muted'}`}>{state}</span>
);

/** Upstreams and their targets, as they are. */
export function Upstreams() {
  const answer = useAnswer<{ items: Upstream[] }>('/api/upstreams', {
    every: 5_000,
    on: ({ event }) => event === 'change',
  });
  return (
    <Shown answer={answer}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty>
            No upstream is configured yet. Add one under upstreams in the config, and a route to it.
          </Empty>
        ) : (
          <div class="grid">
            {items.map((upstream) => (
              <UpstreamPanel key={upstream.name} upstream={upstream} />
            ))}
          </div>
        )
      }
    </Shown>
  );
}

function UpstreamPanel({ upstream: { name, breaker, isPanic, targets } }: { upstream: Upstream }) {
  return (
    <Panel
      title={name}
      side={
        <span class="row">
          breaker <State state={breaker.state} />{' '}
          {breaker.forced && <span class="tag tag-warn">by hand</span>}
          {isPanic && <span class="tag tag-bad">panic: too few healthy</span>}
        </span>
      }
    >
      <DataTable
        caption={`Targets of ${name}`}
        rows={targets}
        keyOf={({ url }) => url}
        columns={[
          { title: 'Target', cell: ({ url }) => <code>{url}</code> },
          {
            title: 'State',
            cell: ({ state, reason }) => (
              <>
                <State state={state} /> {state !== 'healthy' && reason}
              </>
            ),
          },
          { title: 'Since', cell: ({ since }) => ago(since) },
          { title: 'In flight', isFigure: true, cell: ({ inFlight }) => inFlight },
          { title: 'Latency', isFigure: true, cell: ({ ewmaMs }) => (ewmaMs === 0 ? '–' : duration(ewmaMs)) },
        ]}
      />
    </Panel>
  );
}
