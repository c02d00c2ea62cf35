import type { JsonObject, Maker } from '../../../contracts/model-request.ts';
import type { Emit } from '../../../contracts/provider.ts';
import type { OtherUsage, ToolUses } from '../../../contracts/usage.ts';
import { objectOf, objectsOf, textOf } from '../../../lib/json.ts';
import { countOf, isCount } from '../count.ts';
import { failedPart } from '../failed-part.ts';
import { othersIn } from '../picture-usage.ts';
import { reportedCost } from '../reported-cost.ts';
import { containersNamed, ItemUses } from './tool-uses.ts';

/** What a response says of its end: in a whole answer, or in the last event of a stream. */
export function readEnd(response: JsonObject, emit: Emit): void {
  const { status, output, service_tier: tier } = response;
  if (typeof tier === 'string') emit({ type: 'service-tier', tier });
  const items = new ItemUses();
  for (const item of objectsOf(output)) items.take(item);
  readUsage(objectOf(response.usage), items.uses(containersNamed(response)), othersIn(response), emit);
  if (status === 'failed') {
    const { message, code } = objectOf(response.error);
    emit(failedPart(textOf(message), code));
  } else if (status === 'incomplete') {
    const reason = textOf(objectOf(response.incomplete_details).reason);
    emit({ type: 'finish', reason: reason === 'max_output_tokens' ? 'length' : reason || 'length' });
  } else if (status === 'completed') {
    const calls = objectsOf(output).some(({ type }) => type === 'function_call');
    emit({ type: 'finish', reason: calls ? 'tool_calls' : 'stop' });
  }
}

/** Reasoning that only its provider can read; it belongs to the words before it, where it shows any. */
export function readSealed(item: JsonObject, maker: Maker, emit: Emit): void {
  const { encrypted_content: sealed } = item;
  if (typeof sealed !== 'string' || sealed === '') return;
  emit(
    thoughtsIn(item).length > 0
      ? { type: 'reasoning-signature', signature: sealed, maker }
      : { type: 'reasoning-opaque', data: sealed, maker },
  );
}

/** What is thought in words: OpenAI sums it up, and servers of open models (vLLM) show it as it is. */
export const thoughtsIn = ({ type, summary, content }: JsonObject): string[] =>
  [...objectsOf(summary), ...objectsOf(type === 'reasoning' ? content : undefined)]
    .map(({ text }) => textOf(text))
    .filter((text) => text !== '');

/** What is said otherwise than in words: pictures, calls of the provider's own tools. */
export const isOther = ({ type }: JsonObject): boolean => !IN_WORDS.has(type);
const IN_WORDS: ReadonlySet<unknown> = new Set(['message', 'reasoning', 'function_call']);

function readUsage(
  usage: JsonObject,
  uses: Partial<ToolUses>,
  others: readonly OtherUsage[],
  emit: Emit,
): void {
  const { input_tokens: input } = usage;
  if (!isCount(input)) return;
  const details = objectOf(usage.input_tokens_details);
  const output = countOf(usage.output_tokens);
  const reasoning = Math.min(countOf(objectOf(usage.output_tokens_details).reasoning_tokens), output);
  const cacheWrite = Math.min(countOf(details.cache_write_tokens), input);
  const cached = Math.min(countOf(details.cached_tokens), input);
  const charged = reportedCost(usage);
  // What its provider says that a response costs, it says of all of it.
  const byOthers =
    charged.cost === undefined
      ? others
      : others.map((each) => ({ ...each, usage: { ...each.usage, cost: 0 } }));
  emit({
    type: 'usage',
    usage: {
      input,
      output,
      cached,
      ...(cacheWrite && { cacheWrite }),
      ...(reasoning && { reasoning }),
      ...uses,
      ...charged,
      ...(byOthers.length > 0 && { byOthers }),
    },
  });
}
