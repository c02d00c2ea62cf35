import type { Served } from '../lib/revising.ts';
import { useAnswer } from '../lib/use-answer.ts';
import { Diff, type DiffLine } from './diff.tsx';
import { Panel } from './panel.tsx';
import { RevisionLink } from './revision.tsx';
import { Shown } from './shown.tsx';

/** Somebody else has changed the config that is being edited: what, and how one's own text goes on from there. */
export function ForeignChange({
  base,
  served,
  onKeep,
}: {
  /** What the edit was begun on. */
  base: Served;
  served: Served;
  onKeep(): void;
}) {
  const theirs = useAnswer<{ diff: DiffLine[] }>(
    `/api/revisions/${served.revision}/diff?against=${base.revision}`,
  );
  return (
    <Panel title="Somebody else has changed it">
      <p role="alert">
        You edit revision {base.revision}, and <RevisionLink number={served.revision} /> serves now. Meanwhile
        this was changed:
      </p>
      <Shown answer={theirs}>{({ diff }) => <Diff lines={diff} />}</Shown>
      <p>Your text stays as it is: what it does not say of this is undone when you apply it.</p>
      <button type="button" onClick={onKeep}>
        See my text against revision {served.revision}
      </button>
    </Panel>
  );
}
