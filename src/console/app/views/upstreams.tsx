import { ago, duration } from '../lib/format.ts';
import { type Location, linkTo } from '../lib/router.ts';
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

/** Upstreams and their targets, as they are. Each has an address, which marks it. */
export function Upstreams({ location: { parts, query } }: { location: Location }) {
  const answer = useAnswer<{ items: Upstream[] }>('/api/upstreams', {
    every: 5_000,
    on: ({ event }) => event === 'change',
  });
  const [, name] = parts;
  const target = query.get('target');
  return (
    <Shown answer={answer}>
      {({ items }) => {
        if (items.length === 0)
          return (
            <Empty>
              No upstream is configured yet. Add one under upstreams in the config, and a route to it.
            </Empty>
          );
        const chosen = items.filter(
          (each) =>
            (name === undefined || each.name === name) &&
            (target === null || each.targets.some(({ url }) => url === target)),
        );
        return (
          <>
            {chosen.length === 0 && <Empty>The config that serves has no such upstream or target.</Empty>}
            <div class="grid">
              {items.map((upstream) => (
                <UpstreamPanel
                  key={upstream.name}
                  upstream={upstream}
                  isChosen={name !== undefined && target === null && chosen.includes(upstream)}
                  target={chosen.includes(upstream) ? target : null}
                />
              ))}
            </div>
          </>
        );
      }}
    </Shown>
  );
}

function UpstreamPanel({
  upstream: { name, breaker, isPanic, targets },
  isChosen,
  target,
}: {
  upstream: Upstream;
  isChosen: boolean;
  /** URL of the target that is looked for. */
  target: string | null;
}) {
  return (
    <Panel
      title={name}
      href={linkTo(['upstreams', name])}
      isChosen={isChosen}
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
        isChosen={({ url }) => url === target}
        columns={[
          {
            title: 'Target',
            cell: ({ url }) => (
              <a href={linkTo(['upstreams', name], { target: url })}>
                <code>{url}</code>
              </a>
            ),
          },
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
