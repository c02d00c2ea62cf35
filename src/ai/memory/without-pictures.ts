import type { AssistantPart, Message } from '../../contracts/model-request.ts';

const isPicture = ({ type }: AssistantPart): boolean => type === 'image';

/** Messages as they are remembered: without pictures that models made, which are megabytes each. The same list if there are none. */
export function withoutPictures(messages: readonly Message[]): readonly Message[] {
  const hasPictures = (message: Message): boolean =>
    message.role === 'assistant' && message.content.some(isPicture);
  if (!messages.some(hasPictures)) return messages;
  return messages.map((message) =>
    message.role === 'assistant' && hasPictures(message)
      ? { ...message, content: message.content.filter((part) => !isPicture(part)) }
      : message,
  );
}
