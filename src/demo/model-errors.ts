/** The errors of the two model APIs, as their SDKs expect them. */
import { Refusal } from './call.ts';

/** A refusal in OpenAI's shape, `{ error: { message, type, param, code } }`. */
export function openAiRefusal(
  status: number,
  message: string,
  code: string | null,
  param: string | null = null,
) {
  return new Refusal(status, message, openAiProblem(status, message, code, param));
}

/** An error body of OpenAI's API. */
export function openAiProblem(
  status: number,
  message: string,
  code: string | null = status === 429 ? 'rate_limit_exceeded' : null,
  param: string | null = null,
) {
  const type = status === 429 ? 'requests' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message, type, param, code } };
}

const ANTHROPIC_TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** An error body of Anthropic's API, `{ type: 'error', error: { type, message } }`. */
export function anthropicProblem(status: number, message: string) {
  const type = ANTHROPIC_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  return { type: 'error', error: { type, message } };
}
