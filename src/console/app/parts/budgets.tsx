import { ago, count, usd } from '../lib/format.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { DataTable } from './data-table.tsx';
import { Panel } from './panel.tsx';
import { Empty, Shown } from './shown.tsx';

interface Standing {
  readonly budget: string;
  readonly scope: string;
  readonly subject: string;
  readonly unit: 'usd' | 'tokens' | 'requests';
  readonly limit: number;
  readonly spent: number;
  readonly held: number;
  readonly level: 'ok' | 'soft' | 'spent';
  readonly to: number;
}

/** What is shown at once: the fullest come first. */
const SHOWN = 20;

const amount = ({ unit }: Standing, value: number): string =>
  unit === 'usd' ? usd(value) : `${count(value)} ${unit}`;

/** How much of each budget is spent in its current window. */
export function Budgets() {
  const answer = useAnswer<{ items: readonly Standing[]; next?: string }>(`/api/budgets?limit=${SHOWN}`, {
    every: 30_000,
  });
  return (
    <Panel title="Budgets">
      <Shown answer={answer}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty>
              No budget is set. Give a consumer one (<code>budget</code>), or a group, model or key (
              <code>ai.budgets</code>), and what is left of it appears here.
            </Empty>
          ) : (
            <>
              <DataTable
                caption="Budgets, the fullest first"
                rows={[...items]}
                keyOf={({ budget, scope, subject, unit }) => `${scope} ${budget} ${subject} ${unit}`}
                columns={[
                  { title: 'Budget', cell: ({ budget }) => budget },
                  { title: 'Of', cell: ({ scope, subject }) => `${scope} ${subject || '(none)'}` },
                  {
                    title: 'Spent',
                    cell: (standing) => (
                      <>
                        <meter
                          min={0}
                          max={standing.limit || 1}
                          value={standing.limit === 0 ? 1 : standing.spent + standing.held}
                          aria-label={`Spent of ${standing.budget}`}
                        />{' '}
                        {amount(standing, standing.spent)} of {amount(standing, standing.limit)}
                        {standing.level !== 'ok' && ` (${standing.level === 'soft' ? 'nearly ' : ''}spent)`}
                      </>
                    ),
                  },
                  { title: 'Held by calls', isFigure: true, cell: (each) => amount(each, each.held) },
                  { title: 'Anew', cell: ({ to }) => ago(to) },
                ]}
              />
              {next !== undefined && <p class="muted">The {SHOWN} fullest are shown.</p>}
            </>
          )
        }
      </Shown>
    </Panel>
  );
}
