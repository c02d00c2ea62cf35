import type { JsonObject } from '../../contracts/model-request.ts';
import type { Amount, Usage } from '../../contracts/usage.ts';
import { objectsOf, textOf } from '../../lib/json.ts';
import { countOf, isCount } from './count.ts';

/** Those that are priced for themselves, as Google counts them where it is asked for numbers (`enum-encoding=int`). */
const NUMBERED = { AUDIO: 4, IMAGE: 2 } as const;

/**
 * Gemini's figures as ours: thoughts stand beside the answer's tokens there and are part of the output here, as what its
 * own tools put into the prompt is part of the input.
 */
export function convertUsage(reported: JsonObject): Usage | undefined {
  if (!isCount(reported.promptTokenCount)) return undefined;
  const reasoning = countOf(reported.thoughtsTokenCount);
  const input = reported.promptTokenCount + countOf(reported.toolUsePromptTokenCount);
  const output = countOf(reported.candidatesTokenCount) + reasoning;
  const of = (details: unknown, modality: keyof typeof NUMBERED): number =>
    objectsOf(details)
      .filter((each) => each.modality === modality || each.modality === NUMBERED[modality])
      .reduce((sum, each) => sum + countOf(each.tokenCount), 0);
  const { promptTokensDetails: prompt, cacheTokensDetails: kept } = reported;
  const [audioInput, imageInput] = [of(prompt, 'AUDIO'), of(prompt, 'IMAGE')];
  const some = (key: Amount, tokens: number): Partial<Usage> => (tokens > 0 ? { [key]: tokens } : {});
  return {
    input,
    output,
    cached: Math.min(countOf(reported.cachedContentTokenCount), input),
    ...some('reasoning', reasoning),
    ...some('audioInput', audioInput),
    ...some('imageInput', imageInput),
    ...some('cachedAudio', Math.min(of(kept, 'AUDIO'), audioInput)),
    ...some('cachedImage', Math.min(of(kept, 'IMAGE'), imageInput)),
    ...some('audioOutput', of(reported.candidatesTokensDetails, 'AUDIO')),
    ...some('imageOutput', of(reported.candidatesTokensDetails, 'IMAGE')),
  };
}

/** Gemini's words, and Vertex's, which has a word of its own for how a request came. */
const TIERS: Readonly<Record<string, string>> = {
  standard: 'default',
  flex: 'flex',
  priority: 'priority',
  ON_DEMAND: 'default',
  ON_DEMAND_FLEX: 'flex',
  ON_DEMAND_PRIORITY: 'priority',
};

/** `ON_DEMAND` as a number (`enum-encoding=int`). Of those of the other tiers Google's definitions say nothing. */
const ON_DEMAND = 1;

/** At which tier it was served; '' if it doesn't say, or in a number that we don't know: then what was asked for counts. */
export const tierOf = ({ serviceTier, trafficType }: JsonObject): string =>
  TIERS[textOf(serviceTier)] ?? TIERS[textOf(trafficType)] ?? (trafficType === ON_DEMAND ? 'default' : '');
