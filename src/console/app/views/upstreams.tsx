import { ago, duration } from '../lib/format.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Panel } from '../parts/panel.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { StateTag } from '../parts/tags.tsx';

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
          breaker <StateTag state={breaker.state} />{' '}
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
                <StateTag state={state} /> {state !== 'healthy' && reason}
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
