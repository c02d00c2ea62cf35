import type { ProbeScript, ProbeStep } from './script.ts';

/**
 * Why a script can't be held on a schedule, naming the first step that is in its way; undefined: it can. Commands are never run
 * by a gateway (docs/decisions/0041).
 * @param hasAdmin whether it may use the admin API
 */
export function outOfReach({ steps }: ProbeScript, hasAdmin: boolean): string | undefined {
  for (const [at, step] of steps.entries()) {
    const why = whyOf(step, hasAdmin);
    if (why !== undefined) return `step ${at + 1} ${why}`;
  }
  return undefined;
}

function whyOf(step: ProbeStep, hasAdmin: boolean): string | undefined {
  if ('hook' in step)
    return `(hook ${step.hook}) is a command, which no gateway runs: let a timer of your own run \`hypercare probe\` with --hook`;
  if (hasAdmin || !('reload' in step || 'admin' in step)) return undefined;
  const name = 'admin' in step ? `admin ${step.admin.path}` : 'reload';
  return `(${name}) needs the admin API, which asks for a token: give one in the probe’s \`admin.token\``;
}
