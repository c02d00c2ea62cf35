import type { ErrorShape } from '../contracts/exchange.ts';

/** What is said of an error: the gateway's own, or a provider's in other words. */
export interface ErrorFacts {
  readonly statusCode: number;
  readonly message: string;
  readonly code: string | null;
  /** The field of the request that is wrong. */
  readonly param: string | null;
  /** Everything that is wrong, each with its place. */
  readonly problems?: readonly object[];
}

export interface RenderedError {
  contentType: string;
  body: string;
}

/** RFC 9457. `type` is a relative reference, so that it means the same behind every name of the gateway. */
const problem = (error: ErrorFacts, requestId: string) => ({
  type: `/errors/${error.code}`,
  title: error.message,
  status: error.statusCode,
  code: error.code,
  request_id: requestId,
  problems: error.problems?.length ? error.problems : undefined,
});

/** OpenAI's `type` decides which class its SDKs raise together with the status. */
function openaiType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** Errors for which OpenAI has a word of its own, in `type` and `code`, and applications look for it. */
const OPENAI_WORDS: ReadonlyMap<string | null, string> = new Map([['budget_spent', 'insufficient_quota']]);

function openai({ message, statusCode, param, code }: ErrorFacts, requestId: string) {
  const word = OPENAI_WORDS.get(code);
  const error = { message, type: word ?? openaiType(statusCode), param, code: word ?? code };
  return { error: { ...error, request_id: requestId } };
}

/** The types of Anthropic's API by status; its SDKs raise by the status, and show the type. */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function anthropic({ message, statusCode, param, code }: ErrorFacts, requestId: string) {
  const type = ANTHROPIC_TYPES[statusCode] ?? (statusCode < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type, message, param, code }, request_id: requestId };
}

/** Google's names of statuses (google.rpc.Code). */
const GOOGLE_STATUSES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  504: 'DEADLINE_EXCEEDED',
};

/** Its SDK finds an error in a stream by the number alone. */
function google({ message, statusCode, param, code }: ErrorFacts, requestId: string) {
  const status = GOOGLE_STATUSES[statusCode] ?? (statusCode < 500 ? 'INVALID_ARGUMENT' : 'UNAVAILABLE');
  const info = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: code,
    domain: 'hypercare-gateway',
    metadata: { request_id: requestId, ...(param !== null && { param }) },
  };
  return { error: { code: statusCode, message, status, details: [info] } };
}

/** JSON-RPC 2.0: whoever is at fault, by its reserved codes. To which request it belongs is not known where this is used. */
function mcp({ message, statusCode, code }: ErrorFacts, requestId: string) {
  const number = statusCode < 500 ? -32600 : -32603;
  return {
    jsonrpc: '2.0',
    error: { code: number, message, data: { code, request_id: requestId } },
    id: null,
  };
}

const SHAPES = { problem, openai, responses: openai, anthropic, google, mcp } satisfies Record<
  ErrorShape,
  unknown
>;

/** An error in the shape that the client of this API understands. */
export function renderError(error: ErrorFacts, shape: ErrorShape, requestId: string): RenderedError {
  return {
    contentType: shape === 'problem' ? 'application/problem+json' : 'application/json',
    body: JSON.stringify(SHAPES[shape](error, requestId)),
  };
}

/** The same as the last event of a stream that has begun well. */
export function renderErrorEvent(error: ErrorFacts, shape: ErrorShape, requestId: string): string {
  if (shape === 'responses') {
    const { code, message, param } = error;
    // Its place in the order of events is not known where bytes pass as they came.
    const data = { type: 'error', code, message, param, sequence_number: 0, request_id: requestId };
    return `event: error\ndata: ${JSON.stringify(data)}\n\n`;
  }
  const { body } = renderError(error, shape, requestId);
  return shape === 'anthropic' || shape === 'problem'
    ? `event: error\ndata: ${body}\n\n`
    : `data: ${body}\n\n`;
}
