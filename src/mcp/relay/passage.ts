import type { HeaderBag } from '../../contracts/policy.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { parseExact, plainNumbers } from '../../lib/exact-json.ts';
import { isObject } from '../../lib/json.ts';
import type { MessageCall } from '../call.ts';
import { lookAlikes } from '../look-alikes.ts';
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

const hasLookAlike = lookAlikes('method', 'params', 'result', 'error', 'id');

/** @throws GatewayError: it is no message, or could be read as two */
export function parsedMessage(text: string): ResponseMessage {
  try {
    const message = parseExact(text);
    if (!isObject(message)) throw new Error('it is no object');
    const isAnswer = message.result !== undefined || message.error !== undefined;
    if (isAnswer === (message.method !== undefined) || hasLookAlike(message))
      throw new Error('it is an answer and something else, or neither');
    return message;
  } catch (cause) {
    throw new GatewayError('mcp_answer_invalid', { cause });
  }
}

/** Whether an answer is the one to a client's request. */
export const answers = ({ id }: ResponseMessage, { inbound }: MessageCall): boolean =>
  inbound.id !== null && plainNumbers(id) === inbound.id;

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
