import type { Proposal, Propose, World } from './proposal.ts';
import { abusedKey, staleCache, tightLimit } from './proposals/access.ts';
import { shorterPrompts, turnsInOrder } from './proposals/conversations.ts';
import { narrowFallback } from './proposals/fallbacks.ts';
import { badModel, badPrompt, runawayLoop } from './proposals/models.ts';
import { rollback } from './proposals/rollback.ts';
import { badTarget, badUpstream, badVariant, shortTimeout } from './proposals/targets.ts';

const PROPOSE: readonly Propose[] = [
  rollback,
  badPrompt,
  badTarget,
  badVariant,
  badModel,
  runawayLoop,
  staleCache,
  turnsInOrder,
  shorterPrompts,
  abusedKey,
  tightLimit,
  shortTimeout,
  badUpstream,
  narrowFallback,
];

/** Ways to act of one finding. More would be a menu, not advice. */
const MOST = 4;

/** What could be done, the best first. */
export async function propose(world: World): Promise<Proposal[]> {
  const all = await Promise.all(PROPOSE.map((each) => each(world)));
  return all
    .flat()
    .sort((a, b) => b.fit - a.fit)
    .slice(0, MOST);
}
