import type { Finding } from '../lib/finding.ts';
import { ago, count, percent } from '../lib/format.ts';
import { linkTo } from '../lib/router.ts';
import { PriorityTag, StateTag } from './tags.tsx';

/** A finding in one sentence, readable from across the room. */
export function FindingCard({ finding }: { finding: Finding }) {
  const { id, priority, state, title, sentence, when, impact, cause, actions, owner } = finding;
  const best = actions.find(({ status, dryRun }) => status === 'offered' && dryRun.ok);
  return (
    <li class={`finding finding-${priority.toLowerCase()}`}>
      <div class="row">
        <PriorityTag priority={priority} />
        <StateTag state={state} />
        <span class="muted">since {ago(when.since)}</span>
        {owner !== '' && <span class="muted">{owner} is on it</span>}
      </div>
      <h3>
        <a href={linkTo(['findings', id])}>{title}</a>
      </h3>
      <p>{sentence}</p>
      <div class="row muted">
        <span>
          {count(impact.requests)} requests ({percent(impact.share)})
        </span>
        {impact.users !== null && <span>{count(impact.users)} users</span>}
        {impact.consumers !== null && <span>{count(impact.consumers)} consumers</span>}
        <span>cause: {cause.kind}</span>
        {best && (
          <a class="button" href={linkTo(['findings', id], { action: String(best.n) })}>
            {best.title}
          </a>
        )}
      </div>
    </li>
  );
}
