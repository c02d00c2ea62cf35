import { allOf, type Propose, setting } from '../proposal.ts';

/** Tokens that prompts are kept within where conversations grew long: some thirty turns of people. */
const WINDOW = 4000;
const LEAST_WINDOW = 1000;
/** Five minutes, at ticks of ten seconds: people take their time to go on. */
const SETTLES = 30;

/** Turns of one conversation ran side by side, and the answer of one did not know of the other: one after the other. */
export const turnsInOrder: Propose = ({ detection, config, written }) => {
  const { signal } = detection.what;
  if (signal !== 'context' || detection.reason !== 'stale_base') return [];
  if (!config.context.enabled || config.context.onConflict === 'reject') return [];
  return [
    {
      kind: 'order-turns',
      title: 'Let the turns of a conversation wait for one another (409 with Retry-After)',
      operations: [setting(written, ['context', 'onConflict'], 'reject')],
      risk: 'medium',
      effort: 1,
      affects: detection.impact.share,
      touches: allOf({ route: 'ai' }),
      fit: 0.85,
    },
  ];
};

/** Conversations are sent whole, and grew long: the older turns of each become a summary. */
export const shorterPrompts: Propose = ({ detection, config, written }) => {
  if (detection.cause.kind !== 'context' || detection.what.signal === 'context') return [];
  if (!config.context.enabled) return [];
  const { window } = config.context.compaction;
  const to = window === 0 ? WINDOW : Math.max(LEAST_WINDOW, Math.floor(window / 2));
  if (to === window) return [];
  const now = window === 0 ? 'all that the model can take' : `${window} tokens`;
  return [
    {
      kind: 'compact-context',
      title: `Keep the prompts of conversations within ${to} tokens instead of ${now}`,
      operations: [setting(written, ['context', 'compaction', 'window'], to)],
      risk: 'medium',
      effort: 1,
      affects: detection.impact.share,
      touches: allOf({ route: 'ai' }),
      // Each conversation is shortened after its next answer.
      settles: SETTLES,
      fit: 0.85,
    },
  ];
};
