import { useState } from 'preact/hooks';
import { useChange } from '../lib/change.ts';
import { Time } from './clock.tsx';
import { RevisionLink } from './revision.tsx';
import { ProblemBox } from './shown.tsx';

export interface Signature {
  readonly at: number;
  readonly by: string;
  readonly note: string;
  readonly revision: number;
}

/** Who has ended the window, and the way to do so once every criterion passes. */
export function SignOff({
  isAllowed,
  signed,
  reload,
}: {
  isAllowed: boolean;
  signed: Signature | null;
  reload(): void;
}) {
  const change = useChange();
  const [note, setNote] = useState('');
  return (
    <>
      {change.problem && <ProblemBox problem={change.problem} />}
      {signed && (
        <p class="statement">
          Signed off by <b>{signed.by}</b> at <Time at={signed.at} />, config{' '}
          <RevisionLink number={signed.revision} />
          {signed.note !== '' && (
            <>
              : <q>{signed.note}</q>
            </>
          )}
        </p>
      )}
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          change.run('/api/exit/sign-off', note === '' ? null : { note }, () => {
            setNote('');
            reload();
          });
        }}
      >
        <label class="grow">
          <span class="unseen">Note to the sign-off</span>
          <input
            placeholder="A note that stays with the signature"
            maxLength={2000}
            value={note}
            onInput={(event) => setNote(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={!isAllowed || change.isRunning}>
          {signed ? 'Sign off again' : 'Sign off'}
        </button>
        {!isAllowed && <span class="muted">when every criterion passes</span>}
      </form>
    </>
  );
}
