import type { JsonObject } from '../../../contracts/model-request.ts';
import { isObject, textOf } from '../../../lib/json.ts';

/** What vendors call the field in which their models' words come, piece by piece. */
const WORDS: ReadonlySet<string> = new Set([
  'arguments',
  'completion',
  'content',
  'delta',
  'generation',
  'outputText',
  'partial_json',
  'reasoning',
  'reasoning_content',
  'response',
  'text',
  'thinking',
]);
/** Their names end so where an event says once more what came before it. */
const AGAIN = /\.(?:done|completed|incomplete)$/;
const DEEPEST = 8;

/** What an event of a form that nobody here knows may hold of a model's words: enough to estimate its tokens by. */
export const wordsIn = (event: JsonObject): string =>
  AGAIN.test(textOf(event.type)) ? '' : wordsBelow(event, DEEPEST);

function wordsBelow(value: object, levels: number): string {
  let words = '';
  for (const [field, each] of Object.entries(value)) {
    if (typeof each === 'string') words += WORDS.has(field) ? each : '';
    else if (levels > 0 && (isObject(each) || Array.isArray(each))) words += wordsBelow(each, levels - 1);
  }
  return words;
}
