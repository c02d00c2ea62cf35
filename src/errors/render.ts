import type { ErrorShape } from '../contracts/exchange.ts';
import type { GatewayError } from './gateway-error.ts';

export interface RenderedError {
  contentType: string;
  body: string;
}

/** RFC 9457. `type` is a relative reference, so that it means the same behind every name of the gateway. */
function problem(error: GatewayError, requestId: string): RenderedError {
  return {
    contentType: 'application/problem+json',
    body: JSON.stringify({
      type: `/errors/${error.code}`,
      title: error.message,
      status: error.statusCode,
      code: error.code,
      request_id: requestId,
      problems: error.problems.length > 0 ? error.problems : undefined,
    }),
  };
}

/** OpenAI's `type` decides which class its SDKs raise together with the status. */
function openaiType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** The object that OpenAI puts under `error`, in a body or in an event of a stream. */
export function openaiErrorObject(error: GatewayError, requestId: string): Record<string, unknown> {
  return {
    message: error.message,
    type: openaiType(error.statusCode),
    param: error.param,
    code: error.code,
    request_id: requestId,
  };
}

/** An error in the shape that the client of this API understands. */
export function renderError(error: GatewayError, shape: ErrorShape, requestId: string): RenderedError {
  if (shape === 'problem') return problem(error, requestId);
  return {
    contentType: 'application/json',
    body: JSON.stringify({ error: openaiErrorObject(error, requestId) }),
  };
}
