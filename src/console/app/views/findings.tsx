import { CATEGORIES, type Finding } from '../lib/finding.ts';
import { ago } from '../lib/format.ts';
import { go, type Location, linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Filter } from '../parts/filter.tsx';
import { FindingDetail } from '../parts/finding-detail.tsx';
import { PAGE, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { PriorityTag, StateTag } from '../parts/tags.tsx';

const FILTERS = ['state', 'priority', 'category', 'place', 'q', 'sort'] as const;
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  state: [
    'active',
    'open',
    'acknowledged',
    'acting',
    'verifying',
    'resolved',
    'regressed',
    'muted',
    'expired',
  ],
  priority: ['P0', 'P1', 'P2', 'P3', 'P4'],
  category: CATEGORIES,
  sort: ['priority', 'rice', 'weighted', 'moscow', 'newest', 'impact'],
};

/** All findings, or one of them. */
export function Findings({ location }: { location: Location }) {
  const [, id] = location.parts;
  return id === undefined ? (
    <List location={location} />
  ) : (
    <FindingDetail id={id} action={location.query.get('action') ?? ''} />
  );
}

function List({ location: { query } }: { location: Location }) {
  const asked = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? undefined]));
  const after = query.get('after') ?? undefined;
  const search = new URLSearchParams({ limit: String(PAGE) });
  for (const [name, value] of Object.entries({ ...asked, after }))
    if (value !== undefined) search.set(name, value);
  const answer = useAnswer<{ findings: Finding[]; total: number; next?: string }>(`/api/findings?${search}`, {
    every: 15_000,
    on: ({ event }) => event === 'finding',
  });
  const filter = (name: string, value: string): void => go(linkTo(['findings'], { ...asked, [name]: value }));
  return (
    <Panel title="Findings" side={answer.value && <span class="muted">{answer.value.total}</span>}>
      <form class="row filters" onSubmit={(event) => event.preventDefault()}>
        {Object.entries(CHOICES).map(([name, values]) => (
          <label key={name}>
            {name}{' '}
            <select value={asked[name] ?? ''} onChange={(event) => filter(name, event.currentTarget.value)}>
              <option value="">{name === 'sort' ? 'priority' : 'any'}</option>
              {values.map((value) => (
                <option key={value} value={value}>
                  {value}
                </option>
              ))}
            </select>
          </label>
        ))}
        <Filter
          name="place"
          value={asked.place}
          placeholder="route=checkout"
          onFilter={(value) => filter('place', value)}
        />
        <Filter name="words" value={asked.q} onFilter={(value) => filter('q', value)} />
      </form>
      <Shown answer={answer}>
        {({ findings, next }) =>
          findings.length === 0 ? (
            <Empty>
              No finding fits.{' '}
              {search.size > 1
                ? 'Take a filter away.'
                : 'Findings appear by themselves when something is wrong.'}
            </Empty>
          ) : (
            <>
              <DataTable
                caption="Findings"
                rows={findings}
                keyOf={({ id }) => id}
                columns={[
                  { title: 'Priority', cell: ({ priority }) => <PriorityTag priority={priority} /> },
                  { title: 'State', cell: ({ state }) => <StateTag state={state} /> },
                  {
                    title: 'Finding',
                    cell: ({ id, title }) => <a href={linkTo(['findings', id])}>{title}</a>,
                  },
                  { title: 'Category', cell: ({ category, labels }) => [category, ...labels].join(', ') },
                  { title: 'Since', cell: ({ when }) => ago(when.since) },
                  { title: 'RICE', isFigure: true, cell: ({ scores }) => Math.round(scores.rice) },
                ]}
              />
              <Pager parts={['findings']} query={{ ...asked, after }} next={next} />
            </>
          )
        }
      </Shown>
    </Panel>
  );
}
