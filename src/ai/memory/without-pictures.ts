import type { AssistantPart, Message } from '../../contracts/model-request.ts';

const isPicture = ({ type }: AssistantPart): boolean => type === 'image';

/**
 * Messages as they are remembered: without pictures that models made, which are megabytes each, and without those messages that
 * held nothing else. The same list if there are none.
 */
export function withoutPictures(messages: readonly Message[]): readonly Message[] {
  const hasPictures = (message: Message): boolean =>
    message.role === 'assistant' && message.content.some(isPicture);
  if (!messages.some(hasPictures)) return messages;
  return messages.flatMap((message) => {
    if (message.role !== 'assistant' || !hasPictures(message)) return [message];
    const content = message.content.filter((part) => !isPicture(part));
    return content.length === 0 ? [] : [{ ...message, content }];
  });
}
