import { nearest } from '../../lib/nearest.ts';
import type { Part } from '../part.ts';
import type { PolicySchema } from '../schema/policy-schema.ts';

/** What a check may use besides the configuration. */
export interface CheckContext {
  policies: Readonly<Record<string, PolicySchema>>;
  fitsSchema: boolean;
  /** The value as messages may show it: in quotes, with `${…}` unresolved, '' if it is a secret. */
  quoted(part: Part): string;
  report(part: Part, message: string, suggestion?: string): void;
  /** Says what is valid, and may not do what its author thinks it does. */
  warn(part: Part, message: string): void;
}

export type Check = (config: Part, context: CheckContext) => void;

/** Reports a name that is not among those that exist. What is not text is the schema's business. */
export function mustExist(part: Part, what: string, names: Iterable<string>, context: CheckContext): void {
  const name = part.text;
  const known = new Set(names);
  if (name === undefined || known.has(name)) return;
  context.report(part, `there is no ${what} ${context.quoted(part)}`.trimEnd(), nearest(name, known));
}

/** Reports a time that is too short to mean anything, or would keep the gateway busy with nothing else. */
export function mustLast(part: Part, ms: number, { fitsSchema, report }: CheckContext): void {
  if (fitsSchema && part.number !== undefined && part.number < ms) report(part, `must be at least ${ms}ms`);
}

/** What a timer can wait for; one that should wait longer is over at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Reports a time after which something is to happen that is longer than any timer can wait for. */
export function mustEnd(part: Part, { fitsSchema, report }: CheckContext): void {
  if (fitsSchema && part.number !== undefined && part.number > LONGEST_TIMER_MS)
    report(part, 'must be at most 24d: no timer can wait for longer');
}

/** Reports settings of a breaker with which it would open at once, or never. */
export function checkBreaker(breaker: Part, context: CheckContext): void {
  const { fitsSchema, report } = context;
  const rate = breaker.get('errorRate');
  if (fitsSchema && rate.number !== undefined && (rate.number <= 0 || rate.number > 1))
    report(rate, 'must be above 0% and at most 100%: it is the share of failed requests that opens it');
  mustLast(breaker.get('window'), 100, context);
  mustLast(breaker.get('open'), 100, context);
  for (const key of ['window', 'open']) mustEnd(breaker.get(key), context);
}

/** Reports every value that was there before. */
export function mustDiffer(parts: readonly Part[], what: string, { report, quoted }: CheckContext): void {
  const seen = new Set<string>();
  for (const part of parts) {
    if (part.text === undefined) continue;
    if (seen.has(part.text)) report(part, `${what} ${quoted(part)} is there twice: names must differ`);
    seen.add(part.text);
  }
}

/** Reports a list of weighted things of which none would ever be chosen. */
export function mustWeigh(list: Part, { report }: CheckContext): void {
  const weights = list.items.map((item) => item.get('weight').number);
  if (weights.length > 0 && weights.every((weight) => weight === 0)) {
    report(list, 'all weights are 0: nothing would ever be chosen');
  }
}
