import { objectOf } from '../lib/json.ts';

/** Characters. The protocol wants 128 at most of a tool's name (2025-11-25); no rule of the config can name a longer one. */
const LONGEST_NAME = 512;
/** Of a URI or a task's id, which stand in a header, too (2026-07-28). */
const LONGEST_URI = 8192;
/** Of `_meta` as JSON: who asks, what they can, and by which token they hear of progress. */
const LONGEST_META = 65_536;
/** Tasks that one message may want to hear of: of each the store is asked whose it is. */
const MOST_TASKS = 100;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const isLong = (value: unknown, most: number): boolean => typeof value === 'string' && value.length > most;

/**
 * What of a message is longer than may be: a client chooses it, and it is kept, in the record or for as long as somebody listens, or
 * looked up.
 * @param size characters of the whole message
 * @returns in words; undefined: nothing
 */
export function tooLong(params: Readonly<Record<string, unknown>>, size: number): string | undefined {
  if (size <= LONGEST_NAME) return undefined;
  const { name, uri, taskId, _meta } = params;
  const named = objectOf(params.ref);
  if (isLong(name, LONGEST_NAME) || isLong(named.name, LONGEST_NAME))
    return `A name has ${LONGEST_NAME} characters at most.`;
  const { resourceSubscriptions, taskIds } = objectOf(params.notifications);
  const uris = [uri, named.uri, ...listOf(resourceSubscriptions)];
  if (uris.some((each) => isLong(each, LONGEST_URI))) return `A URI has ${LONGEST_URI} characters at most.`;
  const tasks = listOf(taskIds);
  if (tasks.length > MOST_TASKS) return `There may be ${MOST_TASKS} taskIds at most.`;
  if ([taskId, ...tasks].some((each) => isLong(each, LONGEST_URI)))
    return `A task's id has ${LONGEST_URI} characters at most.`;
  if (size > LONGEST_META && JSON.stringify(_meta ?? null).length > LONGEST_META)
    return `_meta has ${LONGEST_META} characters at most.`;
  return undefined;
}
