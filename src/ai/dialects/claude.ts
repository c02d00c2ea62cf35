import type { ModelOptions } from '../../contracts/model-request.ts';
import { NotCarried } from '../not-carried.ts';

/** Of Opus 4.7 and what came after it: others draw their answers as they are told to. */
const DRAWS_BY_ITSELF = /^claude-(?:opus-4-[789]|(?:opus|sonnet|haiku|fable|mythos)-[5-9])(?!\d)/;

/** https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages; of Sonnet 5 it is said and denied. */
const HEARS_SYSTEM_LATE =
  /^claude-(?:opus-(?:4-[89]|[5-9])|(?:fable|mythos)-[5-9]|(?:sonnet|haiku)-(?:5-[5-9]|[6-9]))(?!\d)/;

/** Whether a model of Anthropic's takes messages of the system between the turns. */
export const hearsSystemLate = (model: string): boolean => HEARS_SYSTEM_LATE.test(model);

type Sampling = Pick<ModelOptions, 'temperature' | 'topP' | 'topK'>;

/**
 * How a model of Anthropic's is told to draw its answers.
 * @throws NotCarried if it will not be told
 */
export function samplingOf({ temperature, topP, topK }: Sampling, model: string): Sampling {
  if (DRAWS_BY_ITSELF.test(model)) {
    if (unlessUsual(temperature) !== undefined) throw new NotCarried({ option: 'temperature' });
    if (unlessUsual(topP) !== undefined) throw new NotCarried({ option: 'topP' });
    if (topK !== undefined) throw new NotCarried({ option: 'topK' });
    return { temperature: undefined, topP: undefined, topK: undefined };
  }
  // From 4.5 on models take one of the two: where both are said, the one that asks for nothing goes.
  if (temperature === undefined || topP === undefined) return { temperature, topP, topK };
  return { temperature: unlessUsual(temperature), topP: unlessUsual(topP), topK };
}

/** Both are 1 unless something else is asked for. */
const unlessUsual = (value: number | undefined): number | undefined => (value === 1 ? undefined : value);
