import type { GatewayConfig } from '../../config/schema/index.ts';
import type { Judged, Verdict } from '../exit/criteria.ts';
import type { Signature } from '../exit/signatures.ts';
import { list, plain } from './markdown.ts';

export interface SignOff {
  readonly verdict: Verdict;
  readonly criteria: readonly Judged[];
  /** Markdown. */
  readonly report: string;
}

/** The window may end only if every criterion passes, and there is one. */
export function signOff(
  criteria: readonly Judged[],
  {
    window,
    revision,
    signed,
    now,
  }: {
    window: GatewayConfig['hypercare']['window'];
    revision: number;
    signed: Signature | null;
    now: number;
  },
): SignOff {
  const verdicts = criteria.map(({ verdict: each }) => each);
  const verdict: Verdict = verdicts.includes('fail')
    ? 'fail'
    : verdicts.length === 0 || verdicts.includes('insufficient')
      ? 'insufficient'
      : 'pass';
  const words = { pass: 'may end', fail: 'may not end', insufficient: 'may not end yet: data is missing' }[
    verdict
  ];
  const report = [
    `# Sign-off of ${plain(window?.name ?? 'the hypercare window')}`,
    `Release ${plain(window?.release || 'unknown')}, owner ${plain(window?.owner || 'unknown')}, config revision ${revision}; generated ${new Date(now).toISOString()}.`,
    `**The window ${words}.**`,
    signed === null
      ? 'Nobody has signed it.'
      : `Signed by ${plain(signed.by)} at ${new Date(signed.at).toISOString()}, config revision ${signed.revision}.${signed.note === '' ? '' : ` “${plain(signed.note)}”`}`,
    ...criteria.map(
      ({ name, verdict: each, evidence }) => `## ${plain(name)}: ${each}\n\n${list(evidence.map(plain))}`,
    ),
    criteria.length === 0 ? 'No criterion is configured (hypercare.exit).' : '',
    '',
  ].join('\n\n');
  return { verdict, criteria, report };
}
