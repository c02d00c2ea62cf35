import type { HeaderBag } from '../../contracts/policy.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { parseExact } from '../../lib/exact-json.ts';
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
}

/** @throws GatewayError: it is no message */
export function parsedMessage(text: string): ResponseMessage {
  try {
    const message = parseExact(text);
    if (typeof message === 'object' && message !== null && !Array.isArray(message))
      return message as ResponseMessage;
    throw new Error('it is no object');
  } catch (cause) {
    throw new GatewayError('mcp_answer_invalid', { cause });
  }
}

/**
 * Works on what a server has said.
 * @throws GatewayError `mcp_answer_invalid`: it is nested more deeply than can be walked; whatever the work throws
 */
export async function walked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RangeError) throw new GatewayError('mcp_answer_invalid', { cause: error });
    throw error;
  }
}
