import { type ChatAnswer, chat } from './ai.ts';
import type { TestGateway } from './gateway.ts';

/** What is said in a conversation of the session `s1`, and how it stands with it afterwards. */
export const user = (content: string) => ({ role: 'user', content });
export const said = (content: string) => ({ role: 'assistant', content });
export const S1 = { 'x-session-id': 's1' };

export const send = (
  gateway: TestGateway,
  messages: object[],
  headers: Record<string, string> = S1,
  more = {},
): Promise<ChatAnswer> => chat(gateway, { model: 'smart', messages, ...more }, headers);

export const statusOf = ({ status, headers }: ChatAnswer) => [status, headers['x-context-status']];

export const causes = (gateway: TestGateway, cause: string): Promise<number> =>
  gateway.metric('gateway_context_continuity_total', { cause });
