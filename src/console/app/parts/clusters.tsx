import { ago, count } from '../lib/format.ts';
import type { Cluster } from '../lib/report.ts';
import { linkTo } from '../lib/router.ts';
import { Time } from './clock.tsx';
import { PriorityTag, StateTag } from './tags.tsx';

/** What several people complain of: who, how many, since when, and the finding that it belongs to. */
export const Clusters = ({ items, chosen }: { items: readonly Cluster[]; chosen: string }) => (
  <ul class="findings">
    {items.map(({ id, topic, since, lastAt, people, said, consumers, pages, comment, findings }) => (
      <li key={id} class={id === chosen ? 'finding chosen' : 'finding'}>
        <h3>
          <a href={linkTo(['feedback'], { cluster: id })} aria-current={id === chosen ? 'true' : undefined}>
            {topic}: {count(people)} people
          </a>
        </h3>
        {comment !== '' && <p class="said">“{comment}”</p>}
        <div class="row muted">
          <span>{count(said)} reports</span>
          <span>
            since <Time at={since} />, the last {ago(lastAt)}
          </span>
          {consumers.length > 0 && <span>through {consumers.join(', ')}</span>}
          {pages.length > 0 && <span>on {pages.join(', ')}</span>}
        </div>
        {findings.length === 0 ? (
          <span class="muted">no finding: it is not more than usual, or not yet sure</span>
        ) : (
          findings.map(({ id: finding, title, state, priority }) => (
            <div key={finding} class="row">
              <PriorityTag priority={priority} /> <StateTag state={state} />
              <a href={linkTo(['findings', finding])}>{title}</a>
            </div>
          ))
        )}
      </li>
    ))}
  </ul>
);
