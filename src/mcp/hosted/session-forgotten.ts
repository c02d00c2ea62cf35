import { SdkHttpError } from '@modelcontextprotocol/client';
import { GatewayError } from '../../errors/gateway-error.ts';

/**
 * A server has answered 404 to the session that a request showed (2025-11-25, session management): it has forgotten it, and
 * has done nothing of what it was asked. On a new connection that can be asked once more.
 */
export class SessionForgotten extends GatewayError {
  constructor() {
    super('mcp_answer_invalid', { cause: new Error('status 404: the server knows the session no more') });
  }
}

/** Whether a request failed because its server answered 404. */
export const isNotFound = (error: unknown): boolean => error instanceof SdkHttpError && error.status === 404;
