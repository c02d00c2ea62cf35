import type { Message } from '../../contracts/model-request.ts';

/** What a message says in words: texts, refusals, calls of tools and their results; no pictures, and no reasoning. */
export function messageText(message: Message): string {
  const texts: string[] = [];
  for (const part of message.content) {
    if (part.type === 'text' || part.type === 'refusal') texts.push(part.text);
    else if (part.type === 'tool-call') texts.push(`${part.name}(${part.arguments})`);
    else if (part.type === 'tool-result')
      for (const each of part.content) if (each.type === 'text') texts.push(each.text);
  }
  return texts.join('\n');
}

/** What the user says in these messages. */
export const userText = (messages: readonly Message[]): string =>
  messages.flatMap((message) => (message.role === 'user' ? [messageText(message)] : [])).join('\n');
