import { useMemo } from 'preact/hooks';
import type { Finding, Priority } from '../lib/finding.ts';
import type { Report } from '../lib/report.ts';
import { linkTo } from '../lib/router.ts';
import type { Edge, Upstream } from '../lib/traffic.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { FindingCard } from '../parts/finding-card.tsx';
import { type Objective, Objectives } from '../parts/objectives.tsx';
import { Panel } from '../parts/panel.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { type Change, Timeline } from '../parts/timeline.tsx';
import { TrafficMap } from '../parts/traffic-map.tsx';

interface Open {
  readonly findings: readonly Finding[];
  readonly total: number;
  readonly byPriority: Readonly<Record<Priority, number>>;
}

/** Findings that can be read from across the room. */
const SHOWN = 8;
/** The last things that people said, on the timeline. */
const SAID = 20;
const PRIORITIES: readonly Priority[] = ['P0', 'P1', 'P2', 'P3', 'P4'];

/** The war room's one screen: what is wrong, what it costs the objectives, where the traffic goes, what was changed. */
export function Now() {
  const findings = useAnswer<Open>(`/api/findings?state=active&limit=${SHOWN}`, {
    every: 15_000,
    on: ({ event }) => event === 'finding' || event === 'change',
  });
  const changes = useAnswer<{ items: Change[] }>('/api/changes?limit=30', {
    on: ({ event }) => event === 'change',
  });
  const feedback = useAnswer<{ feedback: Report[] }>(`/api/feedback?limit=${SAID}`, { every: 15_000 });
  const begun = findings.value?.findings ?? [];
  const said = feedback.value?.feedback ?? [];
  // They ask for themselves: what else comes is none of theirs.
  const [objectives, traffic] = useMemo(() => [<ObjectivesPanel key="o" />, <TrafficPanel key="t" />], []);

  return (
    <>
      <Shown answer={findings}>
        {({ findings: open, total, byPriority }) => (
          <>
            <ul class="counts" aria-label="Open findings by priority">
              {PRIORITIES.map((priority) => (
                <li key={priority} class={`count-${priority.toLowerCase()}`}>
                  <a href={linkTo(['findings'], { priority, state: 'active' })}>
                    <b>{byPriority[priority]}</b> {priority}
                  </a>
                </li>
              ))}
            </ul>
            {open.length === 0 ? (
              <Panel title="Findings">
                <Empty>
                  Nothing needs anybody. Findings appear here by themselves;{' '}
                  <a href={linkTo(['findings'])}>those that are over</a> stay to be read.
                </Empty>
              </Panel>
            ) : (
              <Panel
                title="What to do next"
                side={<a href={linkTo(['findings'], { state: 'active' })}>all {total}</a>}
              >
                <ol class="findings">
                  {open.map((finding) => (
                    <FindingCard key={finding.id} finding={finding} />
                  ))}
                </ol>
              </Panel>
            )}
          </>
        )}
      </Shown>
      <div class="grid">
        {objectives}
        <Panel title="What was changed, what began, and what people said">
          <Shown answer={changes}>
            {({ items }) =>
              items.length + begun.length + said.length === 0 ? (
                <Empty>Nothing has changed since the start, and nobody has said anything.</Empty>
              ) : (
                <Timeline changes={items} findings={begun} reports={said} />
              )
            }
          </Shown>
          {feedback.value === undefined && (
            <p class={feedback.problem ? 'muted' : 'loading'}>
              Without what people said
              {feedback.problem ? `: ${feedback.problem.code}` : ', which is asked for …'}
            </p>
          )}
        </Panel>
      </div>
      {traffic}
    </>
  );
}

function ObjectivesPanel() {
  const objectives = useAnswer<{ items: Objective[] }>('/api/objectives', { every: 15_000 });
  return (
    <Panel title="Objectives">
      <Shown answer={objectives}>{({ items }) => <Objectives items={items} />}</Shown>
    </Panel>
  );
}

function TrafficPanel() {
  const traffic = useAnswer<{ items: Edge[] }>('/api/traffic', {
    on: ({ event }) => event === 'finding',
    every: 10_000,
  });
  const upstreams = useAnswer<{ items: Upstream[] }>('/api/upstreams', {
    on: ({ event }) => event === 'change',
    every: 15_000,
  });
  return (
    <Panel title="Traffic">
      <Shown answer={traffic}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>
              Nothing came through in the last ten minutes. Send a request to the public listener, and it is
              here.
            </Empty>
          ) : (
            <TrafficMap edges={items} upstreams={upstreams.value?.items ?? []} />
          )
        }
      </Shown>
    </Panel>
  );
}
