import type { JsonObject } from '../../contracts/model-request.ts';
import { objectOf } from '../../lib/json.ts';

/**
 * Where an input of responses brings the result of a call that a conversation does not keep: of a tool that is no function
 * (custom, shell, computer, an approval). Its provider would miss the call, or never hear of the result.
 * @param isRewritten only what is read of the input goes on: no call that is no function's, either
 * @returns its place, `input[2]`; undefined: there is none
 */
export function unkeptResult({ input }: JsonObject, isRewritten: boolean): string | undefined {
  if (!Array.isArray(input)) return undefined;
  const items = input.map(objectOf);
  const made = new Set(items.flatMap((item) => (isResult(item) ? [] : [item.call_id, item.id])));
  const isMade = (item: JsonObject): boolean => made.has(item.call_id ?? item.approval_request_id);
  const isLost = (at: number): boolean => isRewritten && at === items.length - 1;
  const at = items.findIndex((item, place) => isResult(item) && (isLost(place) || !isMade(item)));
  return at < 0 ? undefined : `input[${at}]`;
}

const isResult = ({ type }: JsonObject): boolean =>
  typeof type === 'string' &&
  type !== 'function_call_output' &&
  (type.endsWith('_output') || type === 'mcp_approval_response');
