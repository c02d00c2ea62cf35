import { GatewayError } from '../errors/gateway-error.ts';
import { isObject } from '../lib/json.ts';
import { type Insertion, replaceSpans, topLevelValues, valueEnd } from '../lib/json-span.ts';

/** OpenAI's field, and the option in it, by which a stream is asked what it came to. */
const FIELD = 'stream_options';
const OPTION = 'include_usage';

/** Whether a request asks a stream what it comes to. @param options of its `stream_options`, as parsed */
export const asksUsage = (options: unknown): boolean => isObject(options) && options[OPTION] === true;

/** The client's options of a stream, and the question. What is no object is the provider's to refuse. */
export function withQuestion(options: unknown): unknown {
  if (options === undefined || options === null) return { [OPTION]: true };
  return isObject(options) ? { ...options, [OPTION]: true } : options;
}

/**
 * What puts the question into a body's bytes, so that all others stay what the client sent.
 * @param bytes a JSON object with a field or more
 * @param options of its `stream_options`, as parsed
 */
export function insertQuestion(bytes: Buffer, options: unknown): Insertion {
  const written = JSON.stringify(withQuestion(options));
  if (options === undefined) {
    const start = bytes.indexOf('{') + 1;
    return { start, end: start, text: `"${FIELD}":${written},` };
  }
  const [span, ...more] = topLevelValues(bytes, FIELD);
  // We and the provider could read different ones.
  if (!span || more.length > 0)
    throw new GatewayError('body_invalid', { param: FIELD, detail: `${FIELD} must stand in the body once.` });
  return { start: span.start, end: valueEnd(bytes, span.start), text: written };
}

/** The bytes with the question in them. */
export const withQuestionIn = (bytes: Buffer, options: unknown): Buffer =>
  replaceSpans(bytes, [insertQuestion(bytes, options)]);
