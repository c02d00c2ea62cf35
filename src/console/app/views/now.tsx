import type { Finding, Priority } from '../lib/finding.ts';
import { ago } from '../lib/format.ts';
import { linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Time } from '../parts/clock.tsx';
import { FindingCard } from '../parts/finding-card.tsx';
import { type Objective, Objectives } from '../parts/objectives.tsx';
import { Panel } from '../parts/panel.tsx';
import { Empty, Shown } from '../parts/shown.tsx';
import { PriorityTag } from '../parts/tags.tsx';
import { type Edge, TrafficMap } from '../parts/traffic-map.tsx';

interface Change {
  readonly id: number;
  readonly at: number;
  readonly kind: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly by: string;
}

interface Upstream {
  readonly name: string;
  readonly breaker: { readonly state: string };
}

interface Open {
  readonly findings: readonly Finding[];
  readonly total: number;
  readonly byPriority: Readonly<Record<Priority, number>>;
}

/** Findings that can be read from across the room. */
const SHOWN = 8;
const PRIORITIES: readonly Priority[] = ['P0', 'P1', 'P2', 'P3', 'P4'];

/** The war room's one screen: what is wrong, what it costs the objectives, where the traffic goes, what was changed. */
export function Now() {
  const findings = useAnswer<Open>(`/api/findings?state=active&limit=${SHOWN}`, {
    every: 15_000,
    on: ({ event }) => event === 'finding' || event === 'change',
  });
  const objectives = useAnswer<{ items: Objective[] }>('/api/objectives', { every: 15_000 });
  const traffic = useAnswer<{ items: Edge[] }>('/api/traffic', { every: 10_000 });
  const upstreams = useAnswer<{ items: Upstream[] }>('/api/upstreams', {
    on: ({ event }) => event === 'change',
    every: 15_000,
  });
  const changes = useAnswer<{ items: Change[] }>('/api/changes?limit=30', {
    on: ({ event }) => event === 'change',
  });
  const begun = findings.value?.findings ?? [];
  const breakers = new Map(upstreams.value?.items.map(({ name, breaker }) => [name, breaker.state]));

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
        <Panel title="Objectives">
          <Shown answer={objectives}>{({ items }) => <Objectives items={items} />}</Shown>
        </Panel>
        <Panel title="What was changed, and what began">
          <Shown answer={changes}>
            {({ items }) =>
              items.length === 0 && begun.length === 0 ? (
                <Empty>Nothing has changed since the start.</Empty>
              ) : (
                <ol class="timeline">
                  {onOneLine(items, begun).map((entry) => {
                    if (!('kind' in entry)) return <Begun key={entry.id} finding={entry} />;
                    const { id, at, kind, subject, from, to, reason, by } = entry;
                    return (
                      <li key={id}>
                        <Time at={at} /> <span class="muted">{ago(at)}</span>
                        <div>
                          <b>{kind}</b> {subject}: {from} → {to}{' '}
                          <span class="muted">
                            {reason} · {by}
                          </span>
                        </div>
                      </li>
                    );
                  })}
                </ol>
              )
            }
          </Shown>
        </Panel>
      </div>
      <Panel title="Traffic">
        <Shown answer={traffic}>{({ items }) => <TrafficMap edges={items} breakers={breakers} />}</Shown>
      </Panel>
    </>
  );
}

/** Changes and what began beside them, the newest first: what stands just before a finding is what to look at. */
function onOneLine(changes: readonly Change[], findings: readonly Finding[]): (Change | Finding)[] {
  const timeOf = (entry: Change | Finding): number => ('kind' in entry ? entry.at : entry.when.since);
  return [...changes, ...findings].sort((a, b) => timeOf(b) - timeOf(a));
}

const Begun = ({ finding: { id, priority, title, when } }: { finding: Finding }) => (
  <li class="timeline-finding">
    <Time at={when.since} /> <span class="muted">{ago(when.since)}</span>
    <div>
      <PriorityTag priority={priority} /> began: <a href={linkTo(['findings', id])}>{title}</a>
    </div>
  </li>
);
