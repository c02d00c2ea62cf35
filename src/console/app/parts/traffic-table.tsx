import { useState } from 'preact/hooks';
import { duration, percent } from '../lib/format.ts';
import { BAD_RATE, type Edge, keyOf } from '../lib/traffic.ts';
import { DataTable } from './data-table.tsx';

const ms = (value: number | null): string => (value === null ? '–' : duration(value));

/** The map's lines with all their figures, made when somebody asks for them. */
export function TrafficTable({ edges }: { edges: readonly Edge[] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="grow" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>All {edges.length} lines in figures</summary>
      {isOpen && (
        <DataTable
          caption="Traffic of the last ten minutes"
          rows={edges}
          keyOf={({ from, to }) => `${keyOf(from)} ${keyOf(to)}`}
          columns={[
            { title: 'From', cell: ({ from }) => keyOf(from) },
            { title: 'To', cell: ({ to }) => keyOf(to) },
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
      )}
    </details>
  );
}
