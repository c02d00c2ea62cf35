import type { AssistantPart, Message } from '../../../contracts/model-request.ts';

/** A word of OpenRouter's own for a maker that nobody here knows (`xai-responses-v1`): it came from such a service. */
const NAMED_THERE = /-v\d+$/;

/**
 * What was thought, for a service that sells the models of many makers. Anthropic's signatures hold wherever its models run; what
 * OpenAI and Google sealed may be another account's, which is refused.
 */
export function withSealsOfEverybody(message: Message): Message {
  if (message.role !== 'assistant') return message;
  return { ...message, content: message.content.filter(isOfEverybody) };
}

const isOfEverybody = (part: AssistantPart): boolean =>
  part.type !== 'reasoning' ||
  part.maker === 'anthropic' ||
  (part.maker !== undefined && NAMED_THERE.test(part.maker));
