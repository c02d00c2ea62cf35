import type { PromptShape } from '../../context/ports.ts';
import type { JsonObject } from '../../contracts/model-request.ts';
import { isObject } from '../../lib/json.ts';
import { isMarked, sealOf } from '../seal.ts';
import { isThoughtsName } from './item-name.ts';

const SEALED = 'reasoning.encrypted_content';

/** Items that OpenAI takes without an id: with one it wants the reasoning before them too. */
const NAMED_BY_CHOICE: ReadonlySet<unknown> = new Set(['message', 'function_call', 'custom_tool_call']);

/** And those that it takes with their id alone: what they found is in the words behind them. */
const RUN_THERE: ReadonlySet<unknown> = new Set([
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
]);

/**
 * The body of a response that is kept here, and so by no provider, who knows nothing of our ids. A client that believes it
 * kept there gives items back by their ids alone: OpenAI answers 404 for a thought that has no seal. It is asked for seals
 * where the model is known to reason: any other one refuses that.
 *
 * @param shape what goes before it, if that is known
 * @param isTranslated nobody who is asked speaks responses: what they thought is in the words
 */
export function keptHere(
  sent: JsonObject,
  shape: PromptShape | undefined,
  isTranslated: boolean,
): JsonObject {
  const { conversation: _, previous_response_id: __, store, ...body } = sent;
  // Who wants nothing kept knows what to send instead.
  if (store === false) return { ...body, store };
  const { input, include } = body;
  const kept = {
    ...body,
    ...(Array.isArray(input) && { input: inputOf(input, isTranslated) }),
    store: false,
  };
  if (isTranslated) return kept;
  const asked: readonly unknown[] = Array.isArray(include) ? include : [];
  const wantsSeals = !asked.includes(SEALED) && (isObject(body.reasoning) || hasSealed(body.model, shape));
  return { ...kept, ...(wantsSeals && { include: [...asked, SEALED] }) };
}

/** An input without the thoughts that nobody can find, and without what is taken behind them only. */
function inputOf(items: readonly unknown[], isTranslated: boolean): readonly unknown[] {
  if (isTranslated) return items.filter((item) => !isThoughtsName(item));
  // From a thought that goes to the next that stays, or to who speaks next.
  let isBehind = false;
  return items.flatMap((item) => {
    isBehind = isUnsealed(item) || (isBehind && !isNextToSpeak(item));
    return isBehind ? withoutName(item) : [item];
  });
}

const isNextToSpeak = (item: unknown): boolean =>
  isObject(item) &&
  (item.type === 'reasoning' || item.type === 'function_call_output' || item.role === 'user');

/** Whether OpenAI has sealed what this model thought last. */
function hasSealed(model: unknown, shape: PromptShape | undefined): boolean {
  const last = shape?.turns.at(-1);
  if (last?.turn.model !== model) return false;
  const parts = last?.messages.flatMap(({ role, content }) => (role === 'assistant' ? content : [])) ?? [];
  const seals = parts.map((part) => (part.type === 'reasoning' ? sealOf(part, 'openai') : undefined));
  return seals.some((seal) => seal !== undefined && !isMarked(seal));
}

/** A thought that can be found by its id alone: no seal, and no words as services that seal nothing have them. */
const isUnsealed = (item: unknown): boolean =>
  isThoughtsName(item) ||
  (isObject(item) &&
    item.type === 'reasoning' &&
    typeof item.encrypted_content !== 'string' &&
    !(Array.isArray(item.content) && item.content.length > 0));

function withoutName(item: unknown): unknown[] {
  if (isUnsealed(item)) return [];
  if (!isObject(item)) return [item];
  if (RUN_THERE.has(item.type)) return [];
  if (item.id === undefined || !NAMED_BY_CHOICE.has(item.type)) return [item];
  const { id: _, ...rest } = item;
  return [rest];
}
