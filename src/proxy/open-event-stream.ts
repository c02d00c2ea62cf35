import type { HeaderBag } from '../contracts/policy.ts';

/** Whether an answer is a stream of events that somebody can add one to: its end is not said beforehand, it is not packed. */
export const isOpenEventStream = (headers: HeaderBag): boolean =>
  String(headers['content-type'] ?? '').startsWith('text/event-stream') &&
  headers['content-length'] === undefined &&
  headers['content-encoding'] === undefined;
