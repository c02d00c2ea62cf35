import type { JsonObject, ModelOptions } from '../../../contracts/model-request.ts';
import type { ChatQuirks } from '../../../contracts/openai-service.ts';
import { isObject } from '../../../lib/json.ts';
import { MISTRAL_IDS } from '../tool-id.ts';
import { withToolIds } from './with-tool-ids.ts';

/** Takes an option that a service does not take: leaves it out, or throws. */
type Refuse = (option: keyof ModelOptions) => void;

/**
 * A chat completion request as a service takes it that speaks OpenAI's API with differences.
 * @param body is changed
 * @param refuse told of options whose value the service does not take
 */
export function applyQuirks(body: Record<string, unknown>, quirks: ChatQuirks, refuse: Refuse): void {
  if (quirks.maxTokens) rename(body, 'max_completion_tokens', 'max_tokens');
  if (quirks.seed) rename(body, 'seed', quirks.seed);
  if (quirks.noStreamOptions) delete body.stream_options;
  for (const hint of quirks.ignores ?? []) delete body[hint];
  if (quirks.systemOnly && Array.isArray(body.messages)) body.messages = body.messages.map(asSystem);
  const { ignoresInAnswers: ignored } = quirks;
  if (ignored && Array.isArray(body.messages))
    body.messages = body.messages.map((message) => withoutIgnored(message, ignored));
  if (quirks.nineLetterIds) body.messages = withToolIds(body.messages, MISTRAL_IDS);
  const { response_format: format, tool_choice: choice, stop } = body;
  if (quirks.noJsonSchema && isObject(format) && format.type === 'json_schema') refuse('responseFormat');
  if (quirks.toolChoices && choice !== undefined && !quirks.toolChoices.includes(choice as string))
    refuse('toolChoice');
  if (quirks.stops && Array.isArray(stop) && stop.length > quirks.stops) refuse('stop');
}

function rename(body: Record<string, unknown>, from: string, to: string): void {
  if (body[from] === undefined) return;
  body[to] = body[from];
  delete body[from];
}

/** What a `developer` says was called a `system` message before, and means the same. */
const asSystem = (message: unknown): unknown =>
  isObject(message) && message.role === 'developer' ? { ...message, role: 'system' } : message;

/** What a model has said without what its next reader refuses. That it would not say more is its answer, where it has no other. */
function withoutIgnored(message: unknown, ignored: readonly string[]): unknown {
  if (!isObject(message) || message.role !== 'assistant') return message;
  const { tool_calls: calls, content, refusal } = message;
  const isRefusal = ignored.includes('refusal') && typeof refusal === 'string' && !content;
  return {
    ...without(message, ignored),
    ...(isRefusal && { content: refusal }),
    ...(Array.isArray(calls) && {
      tool_calls: calls.map((call: unknown) => (isObject(call) ? without(call, ignored) : call)),
    }),
  };
}

const without = (object: JsonObject, ignored: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !ignored.includes(key)));
