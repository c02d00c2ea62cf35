import { count, percent, usd } from '../lib/format.ts';
import { type Location, linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Budgets } from '../parts/budgets.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { PAGE, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { SpendAhead } from '../parts/spend-ahead.tsx';

interface Group {
  by: Record<string, string>;
  calls: number;
  unpriced: number;
  input: number;
  output: number;
  cached: number;
  usd: number;
}

interface Usage {
  items: Group[];
  total: Omit<Group, 'by'>;
  isCut: boolean;
  next?: string;
}

const DIMENSIONS = ['model', 'consumer', 'prompt', 'group', 'provider', 'user', 'tag'] as const;

/** What model calls came to since yesterday, by whom and what for. */
export function Money({ location }: { location: Location }) {
  const asked = location.query.get('by');
  const by = DIMENSIONS.find((dimension) => dimension === asked) ?? 'model';
  const after = location.query.get('after') ?? undefined;
  const page = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
  const answer = useAnswer<Usage>(`/api/usage?by=${by}&limit=${PAGE}${page}`, { every: 30_000 });
  const isAhead = location.query.get('ahead') === 'yes';
  return (
    <>
      <Panel
        title="Spend of the last day"
        side={
          <nav class="row" aria-label="By">
            {DIMENSIONS.map((dimension) => (
              <a
                key={dimension}
                href={linkTo(['money'], { by: dimension })}
                aria-current={dimension === by ? 'true' : undefined}
              >
                {dimension}
              </a>
            ))}
          </nav>
        }
      >
        <Shown answer={answer}>
          {({ items, total, next }) =>
            items.length === 0 ? (
              <Empty>
                No call has reached a model in the last day. Point an SDK at the gateway’s <code>/v1</code>,
                and its calls appear here.
              </Empty>
            ) : (
              <>
                <p>
                  {usd(total.usd)} for {count(total.calls)} calls
                  {total.unpriced > 0 &&
                    ` (${count(total.unpriced)} of models without a price: set ai.prices)`}
                </p>
                <DataTable
                  caption={`Spend by ${by}`}
                  rows={items}
                  keyOf={(group) => group.by[by] ?? ''}
                  columns={[
                    { title: by, cell: (group) => group.by[by] || '(none)' },
                    { title: 'USD', isFigure: true, cell: (group) => usd(group.usd) },
                    {
                      title: 'Share',
                      isFigure: true,
                      cell: (group) => percent(total.usd === 0 ? 0 : group.usd / total.usd),
                    },
                    { title: 'Calls', isFigure: true, cell: ({ calls }) => count(calls) },
                    { title: 'Tokens in', isFigure: true, cell: ({ input }) => count(input) },
                    { title: 'of them cached', isFigure: true, cell: ({ cached }) => count(cached) },
                    { title: 'Tokens out', isFigure: true, cell: ({ output }) => count(output) },
                  ]}
                />
                <Pager parts={['money']} query={{ by, after }} next={next} />
              </>
            )
          }
        </Shown>
      </Panel>
      <Budgets query={location.query} />
      {isAhead ? (
        <SpendAhead key={by} by={by} />
      ) : (
        <a class="ahead" href={linkTo(['money'], { by, ahead: 'yes' })}>
          Where it is going: forecast of the month, and what is out of the ordinary
        </a>
      )}
    </>
  );
}
