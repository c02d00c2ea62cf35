import type { Detection } from '../contracts/finding.ts';
import { isDeadChannel } from './channels/dead-channel.ts';
import { type Finding, isOver } from './findings/finding.ts';

/** What is for the engine to say the end of, as it had said it: without what people and the gateway made of it. */
export const lasting = (findings: readonly Finding[]): Detection[] =>
  findings
    .filter((finding) => !isOver(finding) && finding.when.until === null && !isDeadChannel(finding))
    .map(detectionOf);

function detectionOf(finding: Finding): Detection {
  const { fingerprint, detector, reason, category, severity, labels, what, where, when } = finding;
  const { impact, correlates, cause, evidence, why, revisions, isPartial } = finding;
  const seen = { fingerprint, detector, reason, category, severity, labels, what, where, when };
  return { ...seen, impact, correlates, cause, evidence, why, revisions, isPartial };
}
