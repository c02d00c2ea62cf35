import { useMemo } from 'preact/hooks';
import { dayOf, forecast, monthStart, outliers } from '../lib/forecast.ts';
import { usd } from '../lib/format.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { DataTable } from './data-table.tsx';
import { Panel } from './panel.tsx';
import { Empty, Shown } from './shown.tsx';

interface Spent {
  readonly items: readonly { readonly by: Readonly<Record<string, string>>; readonly usd: number }[];
}

const DAY = 86_400_000;
/** Days of each name that are looked at for what is unusual. */
const LOOKED_AT = 8;

/** What this month will come to as it goes on, and who spent much more than they usually do. It reads the ledger of the month. */
export function SpendAhead({ by }: { by: string }) {
  const now = useMemo(() => Date.now(), []);
  const week = dayOf(now - LOOKED_AT * DAY);
  const from = dayOf(Math.min(monthStart(now), Date.parse(week)));
  const days = useAnswer<Spent>(`/api/usage?by=day&limit=100&from=${from}`);
  const groups = useAnswer<Spent>(`/api/usage?by=${by},day&limit=200&from=${week}`);
  return (
    <div class="grid">
      <Panel title="This month">
        <Shown answer={days}>
          {({ items }) => {
            const ahead = forecast(new Map(items.map((each) => [each.by.day ?? '', each.usd])), now);
            return (
              <>
                <p class="statement">
                  {usd(ahead.soFar)} until now; <b>{usd(ahead.atEnd)}</b> on {dayOf(ahead.end - 1)}, when it
                  goes on like this.
                </p>
                <p class="muted">
                  {ahead.days === 0
                    ? 'By today’s rate: no whole day is known yet.'
                    : `By the mean of the last ${ahead.days} whole days; ${usd(ahead.least)} if each day left is as the cheapest of them, ${usd(ahead.most)} if as the dearest.`}
                </p>
              </>
            );
          }}
        </Shown>
      </Panel>
      <Panel title="Out of the ordinary">
        <Shown answer={groups}>
          {({ items }) => {
            const found = outliers(
              items.map((each) => ({ name: each.by[by] ?? '', day: each.by.day ?? '', usd: each.usd })),
            );
            return found.length === 0 ? (
              <Empty>No {by} spent three times its usual on a day of the last week.</Empty>
            ) : (
              <DataTable
                caption={`Unusual days, by ${by}`}
                rows={found.slice(0, 20)}
                keyOf={({ name, day }) => `${name} ${day}`}
                columns={[
                  { title: by, cell: ({ name }) => name || '(none)' },
                  { title: 'Day', cell: ({ day }) => day },
                  { title: 'USD', isFigure: true, cell: (each) => <span class="bad">{usd(each.usd)}</span> },
                  { title: 'Usually', isFigure: true, cell: ({ usual }) => usd(usual) },
                ]}
              />
            );
          }}
        </Shown>
      </Panel>
    </div>
  );
}
