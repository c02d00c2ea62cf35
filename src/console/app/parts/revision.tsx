import type { Revising, Served } from '../lib/revising.ts';
import { linkTo } from '../lib/router.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Time } from './clock.tsx';
import { Diff, type DiffLine } from './diff.tsx';
import { Panel } from './panel.tsx';
import { Shown } from './shown.tsx';

/** A revision that was applied. */
export interface Revision {
  readonly number: number;
  readonly at: number;
  readonly author: string;
  readonly note: string;
}

/** One revision: what it changed, what going back to it would change, and the way back, once that was tried. */
export function RevisionPanel({
  number,
  served,
  revising: { outcome, revise },
  isEdited,
}: {
  number: number;
  served: Served;
  revising: Revising;
  /** Going back would take away what is being written. */
  isEdited: boolean;
}) {
  const path = `/api/revisions/${number}`;
  const isServing = number === served.revision;
  const revision = useAnswer<Revision & { diff: DiffLine[] }>(path);
  const back = useAnswer<{ diff: DiffLine[] }>(
    isServing || !revision.value ? undefined : `${path}/diff?against=${served.revision}`,
  );
  const wanted = { path: `${path}/apply`, etag: served.etag };
  const isTried = outcome?.isDry && outcome.path === wanted.path && outcome.etag === served.etag;
  return (
    <Panel title={`Revision ${number}`} isChosen side={isServing && <span>serves</span>}>
      <Shown answer={revision}>
        {({ diff, ...about }) => (
          <>
            <p>
              <Authored revision={about} />
            </p>
            <h3>What it changed</h3>
            <Diff lines={diff} />
          </>
        )}
      </Shown>
      {!isServing && revision.value && (
        <>
          <h3>What going back to it would change now</h3>
          <Shown answer={back}>{({ diff }) => <Diff lines={diff} />}</Shown>
          <div class="row">
            <button type="button" class="plain" onClick={() => revise(wanted, true)}>
              Try it
            </button>
            <button type="button" disabled={!isTried || isEdited} onClick={() => revise(wanted, false)}>
              Go back to it
            </button>
            <span class="muted" role="status">
              {isEdited
                ? 'apply or take back your edit first'
                : isTried && 'Tried out: it is valid and can be built.'}
            </span>
          </div>
        </>
      )}
    </Panel>
  );
}

/** When it was applied, by whom and why. */
export const Authored = ({ revision: { at, author, note } }: { revision: Revision }) => (
  <>
    <Time at={at} /> by {author} {note && <q>{note}</q>}
  </>
);

/** A way to a revision, from wherever it has to do with something. */
export const RevisionLink = ({ number }: { number: number }) => (
  <a href={linkTo(['config', String(number)])}>revision {number}</a>
);
