import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject } from '../../contracts/model-request.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { parseObject } from '../../lib/json.ts';
import type { PromptCall } from '../chat-call.ts';
import type { Prompt } from './prompt.ts';

/** Names the version that a caller wants. */
const VERSION = 'x-prompt-version';

/**
 * Reads a call of a prompt: the fields of its input, and beside them `stream` and `user`, which are the call's own.
 *
 * @param caller who keeps the version they once got
 * @returns the chat completion that it comes to, as bytes
 * @throws GatewayError `body_malformed`, `body_invalid`
 */
export function readPromptCall(
  prompt: Prompt,
  bytes: Buffer,
  headers: IncomingHttpHeaders,
  caller: string,
): { call: PromptCall; bytes: Buffer } {
  const body = parseObject(bytes.toString('utf8'));
  if (!body) throw new GatewayError('body_malformed', { detail: 'It must be a JSON object.' });
  const { stream = false, user, ...given } = body;
  const wantsStream = mustBe('stream', stream, 'boolean');
  if (wantsStream && prompt.checkOutput)
    throw invalid('stream', 'must be false: the answer of this prompt is checked whole before it is sent.');
  if (user !== undefined) mustBe('user', user, 'string');
  const version = wantedVersion(prompt, headers) ?? prompt.versionOf(caller);
  const input = prompt.withDefaults(given);
  const breach = prompt.checkInput(input);
  if (breach !== undefined) throw invalid(fieldOf(breach), `is not what the prompt takes: at ${breach}.`);
  const asked: JsonObject = {
    ...prompt.fill(version, input),
    stream: wantsStream,
    ...(wantsStream && { stream_options: { include_usage: true } }),
    ...(user !== undefined && { user }),
  };
  return {
    call: { name: prompt.name, version, checkOutput: prompt.checkOutput },
    bytes: Buffer.from(JSON.stringify(asked)),
  };
}

function wantedVersion({ config }: Prompt, headers: IncomingHttpHeaders): string | undefined {
  const wanted = headers[VERSION]?.toString();
  if (wanted === undefined) return undefined;
  if (!config.anyVersion)
    throw invalid(VERSION, 'is not taken: callers do not choose the version of this prompt.');
  if (!Object.hasOwn(config.versions, wanted))
    throw invalid(VERSION, 'names a version that this prompt has not.');
  return wanted;
}

function mustBe(param: string, value: unknown, type: 'boolean' | 'string'): boolean {
  if (typeof value !== type) throw invalid(param, `must be a ${type}.`);
  return value === true;
}

/** `/ticket/0 must be …` → `ticket`; of the input as a whole: `input`. */
const fieldOf = (breach: string): string => /^\/([^/ ]+)/.exec(breach)?.[1] ?? 'input';

const invalid = (param: string, what: string): GatewayError =>
  new GatewayError('body_invalid', { param, detail: `${param} ${what}` });
