import { useState } from 'preact/hooks';
import { duration, percent } from '../lib/format.ts';
import { linkTo } from '../lib/router.ts';
import { DataTable } from './data-table.tsx';
import { Empty } from './shown.tsx';
import { StateTag } from './tags.tsx';

interface End {
  readonly dimension: string;
  readonly value: string;
}

export interface Edge {
  readonly from: End;
  readonly to: End;
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  readonly p50: number | null;
  readonly p95: number | null;
}

/** An error rate from which on a line is shown as bad. */
const BAD_RATE = 0.01;

/** Lines that are shown at once, the busiest; those that are bad beside them. A gateway with fifty routes has a hundred. */
const SHOWN = 24;

const isBad = ({ to, errorRate }: Edge, breakers: ReadonlyMap<string, string>): boolean =>
  errorRate >= BAD_RATE || (to.dimension === 'upstream' && (breakers.get(to.value) ?? 'closed') !== 'closed');

const ms = (value: number | null): string => (value === null ? '–' : duration(value));

/** Who calls whom: routes their upstreams, upstreams their targets, models their providers. */
export function TrafficMap({
  edges,
  breakers,
}: {
  edges: readonly Edge[];
  breakers: ReadonlyMap<string, string>;
}) {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? edges : edges.filter((edge, at) => at < SHOWN || isBad(edge, breakers));
  if (edges.length === 0)
    return (
      <Empty>
        Nothing came through in the last ten minutes. Send a request to the public listener, and it is here.
      </Empty>
    );
  return (
    <>
      <DataTable
        caption="Traffic of the last ten minutes"
        rows={shown}
        keyOf={({ from, to }) => `${from.dimension} ${from.value} ${to.dimension} ${to.value}`}
        columns={[
          {
            title: 'From',
            cell: ({ from }) => (
              <>
                <span class="muted">{from.dimension}</span> {from.value}
              </>
            ),
          },
          {
            title: 'To',
            cell: ({ to }) => (
              <>
                <span class="muted">{to.dimension}</span>{' '}
                {to.dimension === 'route' ? (
                  <a href={linkTo(['requests'], { route: to.value })}>{to.value}</a>
                ) : (
                  to.value
                )}{' '}
                {to.dimension === 'upstream' && breakers.has(to.value) && (
                  <>
                    breaker{' '}
                    <StateTag
                      state={breakers.get(to.value) === 'open' ? 'open' : (breakers.get(to.value) ?? '')}
                    />
                  </>
                )}
              </>
            ),
          },
          {
            title: 'Requests/s',
            isFigure: true,
            cell: ({ requestsPerSecond }) => requestsPerSecond.toFixed(requestsPerSecond < 10 ? 2 : 0),
          },
          {
            title: 'Errors',
            isFigure: true,
            cell: ({ errorRate }) => (
              <span class={errorRate >= BAD_RATE ? 'bad' : undefined}>{percent(errorRate)}</span>
            ),
          },
          { title: 'p50', isFigure: true, cell: ({ p50 }) => ms(p50) },
          { title: 'p95', isFigure: true, cell: ({ p95 }) => ms(p95) },
        ]}
      />
      {shown.length < edges.length && (
        <button type="button" class="quiet" onClick={() => setAll(true)}>
          All {edges.length}, these are the busiest and the bad ones
        </button>
      )}
    </>
  );
}
