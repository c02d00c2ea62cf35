import type { HeaderBag } from '../../contracts/policy.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { MessageCall } from '../call.ts';
import type { McpServer } from '../server.ts';
import type { Session } from '../sessions/session-store.ts';
import type { ResponseMessage } from './rewrite.ts';

/** What belongs to passing on one answer. */
export interface Passage {
  readonly server: McpServer;
  readonly call: MessageCall;
  /** The name of what was asked. */
  readonly subject: string;
  readonly session: Session | undefined;
  readonly headers: HeaderBag;
  /** Called when the stream is kept in a log: from then on it is read to its end, whoever leaves. */
  detach(): void;
  /** Changes messages before everything else: names of an aggregate. */
  rename?(message: ResponseMessage): ResponseMessage;
}

/** @throws GatewayError: it is no message */
export function parsedMessage(text: string): ResponseMessage {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message === 'object' && message !== null && !Array.isArray(message))
      return message as ResponseMessage;
    throw new Error('it is no object');
  } catch (cause) {
    throw new GatewayError('mcp_answer_invalid', { cause });
  }
}
