import type { ContextSignal } from '../../contracts/engine.ts';
import type { StoredTurn } from '../../contracts/session.ts';
import type { PromptInput } from '../ports.ts';
import type { TurnMeasures } from './measure-turn.ts';

/** A fact that a turn needs and its prompt has not: of several, half. */
const LEAST_RECALL = 0.5;

/**
 * What of a turn's measures says that the conversation did not go on as it should. A turn that went well was counted with
 * its request.
 */
export function turnSignals(
  { ref, model }: PromptInput,
  turn: Omit<StoredTurn, 'content'>,
  { reAsk, complaint, recall }: TurnMeasures,
): ContextSignal[] {
  const outcomes = [
    // By question and by answer type: either alone is wrong once in five times.
    ...(reAsk === 'both' ? ['reask'] : []),
    ...(complaint ? ['said_before'] : []),
    ...(recall >= 0 && recall < LEAST_RECALL ? ['not_recalled'] : []),
  ];
  return outcomes.map((outcome) => ({
    at: turn.at,
    operation: 'measure',
    outcome,
    session: ref.session,
    requestId: turn.request,
    tokens: -1,
    scope: { model, consumer: ref.tenant, ...(turn.provider !== '' && { provider: turn.provider }) },
  }));
}
