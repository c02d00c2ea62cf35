import type { Verification } from '../lib/finding.ts';
import { count, percent } from '../lib/format.ts';
import { Time } from './clock.tsx';
import { Panel } from './panel.tsx';
import { StateTag } from './tags.tsx';

/** The test of the fix while it runs: never "resolved" without proof. */
export function VerificationPanel({
  verification: {
    state,
    startedAt,
    decidedAt,
    claim,
    broken,
    target,
    bad,
    total,
    forFixed,
    forBroken,
    requestsNeeded,
  },
}: {
  verification: Verification;
}) {
  return (
    <Panel title="Did it help?" side={<StateTag state={state} />}>
      <dl class="facts">
        <dt>Claim</dt>
        <dd>{claim}</dd>
        <dt>Since</dt>
        <dd>
          <Time at={startedAt} />
          {decidedAt !== null && (
            <>
              , decided <Time at={decidedAt} />
            </>
          )}
        </dd>
        <dt>Seen</dt>
        <dd>
          {count(bad)} bad of {count(total)} ({total === 0 ? 'no traffic yet' : percent(bad / total)}); it was{' '}
          {percent(broken)}, it should be {percent(target)}
        </dd>
        <dt>Evidence</dt>
        <dd>
          for fixed {forFixed.toPrecision(3)}, for not fixed {forBroken.toPrecision(3)}; 100 decides
          {requestsNeeded !== null && `; about ${count(requestsNeeded)} more requests needed`}
        </dd>
      </dl>
    </Panel>
  );
}
