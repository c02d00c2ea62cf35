import { ago, count, usd } from '../lib/format.ts';
import { linkTo } from '../lib/router.ts';
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

/** What an address may say of a budget: some of these narrow the list to it. */
const NARROWED_BY = ['budget', 'scope', 'subject', 'consumer', 'user', 'session'] as const;

/** How much of each budget is spent in its current window. */
export function Budgets({ query }: { query: URLSearchParams }) {
  const asked = Object.fromEntries(
    NARROWED_BY.flatMap((name) => (query.has(name) ? [[name, query.get(name) ?? '']] : [])),
  );
  const isNarrowed = Object.keys(asked).length > 0;
  const search = new URLSearchParams({ ...asked, limit: String(SHOWN) });
  const answer = useAnswer<{ items: readonly Standing[]; next?: string }>(`/api/budgets?${search}`, {
    every: 30_000,
  });
  return (
    <Panel
      title="Budgets"
      isChosen={isNarrowed}
      side={isNarrowed && <a href={linkTo(['money'])}>all of them</a>}
    >
      <Shown answer={answer}>
        {({ items, next }) =>
          items.length === 0 && isNarrowed ? (
            <Empty>The config that serves has no such budget.</Empty>
          ) : items.length === 0 ? (
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
                  {
                    title: 'Budget',
                    cell: ({ budget, scope, subject }) => (
                      <a href={linkTo(['money'], { ...asked, budget, scope, subject })}>{budget}</a>
                    ),
                  },
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
