import type { Detection } from '../contracts/finding.ts';
import { prepare, writtenOf } from './actions/prepare.ts';
import { propose } from './actions/propose.ts';
import type { Action } from './findings/finding.ts';
import type { ConfigPort, LivePort } from './ports.ts';

/** What can be done about a detection, tried out: first what fits now. */
export async function offersFor(
  detection: Detection,
  { config, live, now }: { readonly config: ConfigPort; readonly live: LivePort; now(): number },
): Promise<Action[]> {
  // One text for all of them: while one is tried out another revision may come.
  const { text } = config;
  const proposals = await propose({
    detection,
    config: config.config,
    written: writtenOf(text),
    live,
    textOf: (revision) => config.textOf(revision),
  });
  const actions: Action[] = [];
  for (const proposal of proposals) {
    const action = await prepare(proposal, actions.length, text, { config, live, now: now() });
    if (action) actions.push(action);
  }
  return actions
    .sort((a, b) => Number(b.dryRun.ok) - Number(a.dryRun.ok))
    .map((action, n) => ({ ...action, n }));
}
