import { CATEGORIES } from '../lib/finding.ts';
import type { Cluster, Report } from '../lib/report.ts';
import { go, type Location, linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Time } from '../parts/clock.tsx';
import { Clusters } from '../parts/clusters.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { type Kpis, ScoreShown } from '../parts/kpis.tsx';
import { PAGE, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { FindingsOf, ReportDetail, RequestOf } from '../parts/report-detail.tsx';
import { Empty, Shown } from '../parts/shown.tsx';

/** Clusters that are shown at once, those that somebody joined last. */
const CLUSTERS = 5;

/** What people said, beside what it was found to be; or one thing of it. */
export function Feedback({ location }: { location: Location }) {
  const [, id] = location.parts;
  return id === undefined ? <All location={location} /> : <ReportDetail key={id} id={id} />;
}

function All({ location: { query } }: { location: Location }) {
  const category = query.get('category') ?? '';
  const cluster = query.get('cluster') ?? '';
  return (
    <>
      <Feelings />
      <Together chosen={cluster} />
      <Panel
        title={cluster === '' ? 'What they say' : 'What these people say'}
        side={
          <span class="row">
            {cluster !== '' && <a href={linkTo(['feedback'])}>what all say</a>}
            <label>
              category{' '}
              <select
                value={category}
                onChange={(event) =>
                  go(linkTo(['feedback'], { category: event.currentTarget.value, cluster }))
                }
              >
                <option value="">any</option>
                {CATEGORIES.map((each) => (
                  <option key={each} value={each}>
                    {each}
                  </option>
                ))}
              </select>
            </label>
          </span>
        }
      >
        <Inbox query={{ category, cluster, after: query.get('after') ?? '' }} />
      </Panel>
    </>
  );
}

function Feelings() {
  const kpis = useAnswer<Kpis>('/api/kpis', { every: 30_000 });
  return (
    <Panel title="How they feel">
      <Shown answer={kpis}>
        {({ csat, nps, feedback }) => (
          <div class="row">
            <ScoreShown name="CSAT" score={csat} /> <ScoreShown name="NPS" score={nps} />
            <span class="muted">
              {feedback.reports} reports
              {feedback.perThousandUsers !== null &&
                `, ${feedback.perThousandUsers.toFixed(1)} a thousand users`}
            </span>
          </div>
        )}
      </Shown>
    </Panel>
  );
}

function Together({ chosen }: { chosen: string }) {
  const clusters = useAnswer<{ items: Cluster[] }>(`/api/feedback/clusters?limit=${CLUSTERS}`, {
    every: 15_000,
    on: ({ event }) => event === 'finding',
  });
  return (
    <Panel title="What several people say">
      <Shown answer={clusters}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>No three people have complained of the same thing within an hour.</Empty>
          ) : (
            <Clusters items={items} chosen={chosen} />
          )
        }
      </Shown>
    </Panel>
  );
}

function Inbox({ query }: { query: { category: string; cluster: string; after: string } }) {
  const search = new URLSearchParams({ limit: String(PAGE) });
  for (const [name, value] of Object.entries(query)) if (value !== '') search.set(name, value);
  const answer = useAnswer<{ feedback: Report[]; next?: string }>(`/api/feedback?${search}`, {
    every: 10_000,
  });
  return (
    <Shown answer={answer}>
      {({ feedback, next }) =>
        feedback.length === 0 ? (
          search.size > 1 ? (
            <Empty>Nothing fits. Take the category away.</Empty>
          ) : (
            <Empty>
              Nobody has said anything yet. Put <code>/v1/feedback/widget.js</code> into your pages, or send
              to <code>POST /v1/feedback</code>.
            </Empty>
          )
        ) : (
          <>
            <DataTable
              caption="Feedback, the newest first"
              rows={feedback}
              keyOf={({ id }) => id}
              columns={[
                { title: 'When', cell: ({ at }) => <Time at={at} /> },
                {
                  title: 'What',
                  cell: ({ id, comment, score, scoreKind, count, question, answer: answered }) => (
                    <>
                      {score !== null && (
                        <span class="tag tag-muted">
                          {scoreKind} {score}
                        </span>
                      )}{' '}
                      <a href={linkTo(['feedback', id])}>{comment || '(no words)'}</a>{' '}
                      {count > 1 && <b>× {count}</b>}
                      {question !== '' && <div class="muted">asked back: {question}</div>}
                      {answered && <div class="muted">answered: {answered.text}</div>}
                    </>
                  ),
                },
                { title: 'Kind', cell: ({ category: kind, labels }) => [kind, ...labels].join(', ') },
                { title: 'From', cell: ({ source, page }) => `${source} ${page}` },
                { title: 'Request', cell: (report) => <RequestOf report={report} /> },
                { title: 'Finding', cell: (report) => <FindingsOf report={report} /> },
              ]}
            />
            <Pager parts={['feedback']} query={query} next={next} />
          </>
        )
      }
    </Shown>
  );
}
