import { type JourneyStep, journeyOf } from '../../context/journey.ts';
import type { OpenedTurn } from '../../context/path.ts';
import type { SessionReader } from '../../context/read-sessions.ts';
import { recalledWords } from '../../context/recalled-words.ts';
import type { SessionHead, SessionRef } from '../../contracts/session.ts';
import type { Finding } from '../../hypercare/findings/finding.ts';

/** Which findings have a request as their evidence, by its id. */
export function evidenceIn(findings: readonly Finding[]): ReadonlyMap<string, readonly string[]> {
  const evidence = new Map<string, string[]>();
  for (const {
    id,
    evidence: { bad },
  } of findings)
    for (const request of bad) evidence.set(request, [...(evidence.get(request) ?? []), id]);
  return evidence;
}

/** A page of a conversation, and whether what was recalled is told in words. */
interface Page {
  readonly ref: SessionRef;
  readonly head: SessionHead;
  readonly turns: readonly OpenedTurn[];
  readonly known: readonly OpenedTurn[];
  readonly inWords: boolean;
}

/** The way of each turn of a page, by its id. */
export async function stepsOf(
  reader: Pick<SessionReader, 'turns'>,
  { ref, head, turns, known, inWords }: Page,
): Promise<ReadonlyMap<string, JourneyStep>> {
  const ids = new Set(turns.map(({ turn }) => turn.id));
  const steps = journeyOf(known).filter(({ id }) => ids.has(id));
  const recalledOf = inWords ? await recalledWords(reader, ref, head, steps, known) : undefined;
  const shown = (step: JourneyStep): JourneyStep =>
    recalledOf && step.context ? { ...step, context: { ...step.context, recalled: recalledOf(step) } } : step;
  return new Map(steps.map((step) => [step.id, shown(step)]));
}

/**
 * A turn as the journey shows it: when, by whom and at what cost it was answered, what of the conversation its model was sent, and where
 * else it is spoken of: `request` is the id of its request, `findings` are ids. Nothing that was said.
 */
export const shownStep = (
  { turn }: OpenedTurn,
  step: JourneyStep | undefined,
  evidence: ReturnType<typeof evidenceIn>,
) => ({
  ...step,
  at: turn.at,
  kind: turn.kind,
  status: turn.status,
  format: turn.format,
  model: turn.model,
  provider: turn.provider,
  upstreamModel: turn.upstreamModel,
  finishReason: turn.finishReason,
  tokens: turn.tokens,
  tokensIn: turn.tokensIn,
  tokensOut: turn.tokensOut,
  staleBase: turn.staleBase,
  opens: turn.opens,
  resolves: turn.resolves,
  supersedes: turn.supersedes,
  author: turn.author,
  request: turn.request,
  findings: evidence.get(turn.request) ?? [],
});
