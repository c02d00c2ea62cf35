import { useMemo } from 'preact/hooks';
import type { Finding } from '../lib/finding.ts';
import { percent } from '../lib/format.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Chart } from './chart.tsx';

interface Rates {
  readonly items: readonly { readonly at: number; readonly bad: number; readonly total: number }[];
}

const HOUR = 3_600_000;

/** The rate at the place against what is usual, with the change that it is put down to. */
export function FindingChart({ finding: { id, what, where, when, cause, title } }: { finding: Finding }) {
  const [dimension, value] = Object.entries(where.scopes[0] ?? {})[0] ?? [];
  const from = when.since - HOUR;
  const to = (when.until ?? when.since) + HOUR;
  const step = to - from > 6 * HOUR ? 'minute' : 'tick';
  const query = new URLSearchParams({ signal: what.signal, step, from: String(from), to: String(to) });
  if (dimension !== undefined && value !== undefined) query.set('place', `${dimension}=${value}`);
  const { value: rates } = useAnswer<Rates>(
    what.unit === 'rate' || what.unit === 'ms' ? `/api/rates?${query}` : undefined,
    { every: 10_000 },
  );
  const drawn = useMemo(() => {
    if (!rates || rates.items.length < 2) return undefined;
    return {
      times: rates.items.map(({ at }) => at),
      series: [
        {
          label: 'bad share',
          colour: 'bad',
          values: rates.items.map(({ bad, total }) => (total === 0 ? null : bad / total)),
        },
        ...(what.unit === 'rate'
          ? [
              {
                label: 'usual',
                colour: 'muted',
                isDashed: true,
                values: rates.items.map(() => what.expected),
              },
            ]
          : []),
      ],
      markers: cause.change
        ? [{ at: cause.change.at, label: `${cause.change.kind} ${cause.change.subject}` }]
        : [],
    };
  }, [rates, id]);
  if (!drawn) return null;
  return <Chart title={`${title}: share of bad requests over time`} {...drawn} format={percent} />;
}
