import type { Message } from '../../contracts/model-request.ts';
import { withoutBlanks } from './blank.ts';

/** Of one of the two who speak in turns, or of their tools. */
export type Spoken = Exclude<Message, { role: 'system' }>;

/** What the system says, in the user's turn. */
export const asSystem = (text: string): string => `<system>\n${text}\n</system>`;

/** Messages for models that hear the system before all turns only: what it says later is in the user's turn, and marked as the system's. */
export const systemInUserTurns = (messages: readonly Message[]): Spoken[] =>
  messages.flatMap((message): Spoken[] => {
    if (message.role !== 'system') return [message];
    const content = withoutBlanks(message.content).map((part) => ({ ...part, text: asSystem(part.text) }));
    return content.length > 0 ? [{ role: 'user', at: message.at, content }] : [];
  });
