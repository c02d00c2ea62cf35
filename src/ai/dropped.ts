import type { JsonObject } from '../contracts/model-request.ts';
import { isObject } from '../lib/json.ts';
import { topLevelValues } from '../lib/json-span.ts';

/** What makes a request one, by the clients' names and by ours: the operator can't have it left out. */
const NEEDED: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'input',
  'inputs',
  'system',
  'stream',
  'includeUsage',
  'encoding',
  'uncarried',
]);

export const isNeeded = (field: string): boolean => NEEDED.has(field);

/** Whether a request in a client's own format may hold a field that is dropped. Most hold none, and go on as the bytes that came. */
export const holdsDropped = (bytes: Buffer, drop: readonly string[]): boolean =>
  drop.some((name) => topLevelValues(bytes, name.split('.', 1)[0] as string).length > 0);

/** A request without fields of its own, or of an object in it (`metadata.user_id`). */
export function withoutDropped(body: JsonObject, drop: readonly string[]): JsonObject {
  let kept = body;
  for (const name of drop) {
    const [field = '', ...below] = name.split('.');
    const { [field]: value, ...rest } = kept;
    if (value === undefined || isNeeded(field)) continue;
    if (below.length === 0) kept = rest;
    else if (isObject(value)) kept = { ...kept, [field]: withoutDropped(value, [below.join('.')]) };
  }
  return kept;
}
