import { ERRORS, type ErrorCode } from '../../errors/table.ts';
import { DETECTORS, type Steps, stepsOfCode } from './runbook-steps.ts';

/** What is open now, as far as a runbook points to it. */
export interface OpenFinding {
  readonly id: string;
  readonly priority: string;
  readonly title: string;
  readonly reason: string;
  readonly detector: string;
}

const isCode = (name: string): name is ErrorCode => Object.hasOwn(ERRORS, name);
const isDetector = (name: string): name is keyof typeof DETECTORS => Object.hasOwn(DETECTORS, name);

/** Names of all runbooks: what a finding has as its detector, then what it has as its reason. */
export const RUNBOOKS: readonly string[] = [...Object.keys(DETECTORS), ...Object.keys(ERRORS)];

/** The runbook of a reason or a detector, in Markdown; undefined: there is none. @param open findings that are open now */
export function runbookOf(name: string, open: readonly OpenFinding[]): string | undefined {
  if (isCode(name)) {
    const { status, retryable, text } = ERRORS[name];
    const answer = status === 0 ? 'The answer had begun already.' : `Answered with status ${status}.`;
    const again = retryable ? 'Sending it again may help.' : 'Sending it again as it is does not help.';
    return written(name, `${text}\n\n${answer} ${again}`, stepsOfCode(name), open);
  }
  return isDetector(name) ? written(name, DETECTORS[name].means, DETECTORS[name], open) : undefined;
}

function written(
  name: string,
  means: string,
  { whose, look, act }: Steps,
  open: readonly OpenFinding[],
): string {
  const now = open
    .filter(({ reason, detector }) => reason === name || detector === name)
    .map(({ id, priority, title }) => `- ${priority} ${id}: ${title}`);
  return [
    `# ${name}`,
    means,
    `## Whose matter\n\n${whose}`,
    `## Open now\n\n${now.length === 0 ? 'No finding.' : now.join('\n')}`,
    `## Look at\n\n${numbered(look)}`,
    `## Do\n\n${numbered(act)}`,
    `## Then\n\nsearch_knowledge with “${name}” has what helped before. What changes something is previewed first and confirmed by a person; the finding shows whether the traffic proves it.\n`,
  ].join('\n\n');
}

const numbered = (steps: readonly string[]): string =>
  steps.map((step, at) => `${at + 1}. ${step}`).join('\n');
