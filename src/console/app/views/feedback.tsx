import { go, type Location, linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Time } from '../parts/clock.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { type Kpis, ScoreShown } from '../parts/kpis.tsx';
import { PAGE, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Empty, Shown } from '../parts/shown.tsx';

interface Report {
  readonly id: string;
  readonly at: number;
  readonly source: string;
  readonly score: number | null;
  readonly scoreKind: string | null;
  readonly comment: string;
  readonly category: string;
  readonly labels: readonly string[];
  readonly page: string;
  readonly requestId: string;
  readonly request: { readonly id: string } | null;
  readonly count: number;
  readonly question: string;
  readonly findings: readonly string[];
  readonly fixed: readonly string[];
}

const CATEGORIES = [
  'bug',
  'performance',
  'usability',
  'feature-request',
  'data',
  'integration',
  'security',
  'user-error',
];

/** What people said, beside what it was found to be. */
export function Feedback({ location: { query } }: { location: Location }) {
  const category = query.get('category') ?? '';
  const after = query.get('after') ?? '';
  const search = new URLSearchParams({
    limit: String(PAGE),
    ...(category === '' ? {} : { category }),
    ...(after === '' ? {} : { after }),
  });
  const answer = useAnswer<{ feedback: Report[]; next?: string }>(`/api/feedback?${search}`, {
    every: 10_000,
  });
  const kpis = useAnswer<Kpis>('/api/kpis', { every: 30_000 });
  return (
    <>
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
      <Panel
        title="What they say"
        side={
          <label>
            category{' '}
            <select
              value={category}
              onChange={(event) => go(linkTo(['feedback'], { category: event.currentTarget.value }))}
            >
              <option value="">any</option>
              {CATEGORIES.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </label>
        }
      >
        <Shown answer={answer}>
          {({ feedback, next }) =>
            feedback.length === 0 ? (
              <Empty>
                Nobody has said anything yet. Put <code>/v1/feedback/widget.js</code> into your pages, or send
                to <code>POST /v1/feedback</code>.
              </Empty>
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
                      cell: ({ comment, score, scoreKind, count, question }) => (
                        <>
                          {score !== null && (
                            <span class="tag tag-muted">
                              {scoreKind} {score}
                            </span>
                          )}{' '}
                          {comment || '(no words)'} {count > 1 && <b>× {count}</b>}
                          {question !== '' && <div class="muted">asked back: {question}</div>}
                        </>
                      ),
                    },
                    { title: 'Kind', cell: ({ category: kind, labels }) => [kind, ...labels].join(', ') },
                    { title: 'From', cell: ({ source, page }) => `${source} ${page}` },
                    {
                      title: 'Request',
                      cell: ({ request, requestId }) =>
                        request ? (
                          <a href={linkTo(['requests', request.id])}>{request.id}</a>
                        ) : (
                          requestId && `${requestId} (unknown)`
                        ),
                    },
                    {
                      title: 'Finding',
                      cell: ({ findings, fixed }) =>
                        findings.map((id) => (
                          <a key={id} class="block" href={linkTo(['findings', id])}>
                            {id} {fixed.includes(id) && '✓ fixed'}
                          </a>
                        )),
                    },
                  ]}
                />
                <Pager parts={['feedback']} query={{ category, after }} next={next} />
              </>
            )
          }
        </Shown>
      </Panel>
    </>
  );
}
