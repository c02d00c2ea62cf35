import type { Message, TextPart } from '../contracts/model-request.ts';

/** What stands in the place of a user's words that only their provider can read, and that are not kept. */
const UNREAD: TextPart = { type: 'text', at: '', text: '[This message can’t be repeated.]' };

/** Providers refuse a message without content, and all that comes after it. */
export const withSomething = (message: Message): Message =>
  message.role === 'user' && message.content.length === 0 ? { ...message, content: [UNREAD] } : message;
