import type { AssistantPart, UserPart } from '../../contracts/model-request.ts';

type Part = AssistantPart | UserPart;

const isBlank = (part: Part): boolean =>
  (part.type === 'text' || part.type === 'refusal') && !/\S/.test(part.text);

/**
 * Parts without texts of nothing but space: Anthropic, Bedrock and Vertex refuse one, and the conversation that it stands in for ever.
 * What a blank text marks for the cache ends with the part before it.
 */
export function withoutBlanks<P extends Part>(parts: readonly P[]): readonly P[] {
  if (!parts.some(isBlank)) return parts;
  const kept: P[] = [];
  for (const part of parts) {
    const last = kept.at(-1);
    if (!isBlank(part)) kept.push(part);
    else if (part.cache && last) kept[kept.length - 1] = { ...last, cache: last.cache ?? part.cache };
  }
  return kept;
}

/** A failure has to be said in words, where the tool found none. */
export const FAILED = 'The tool failed.';
