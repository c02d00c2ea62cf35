import type { HeaderBag } from '../contracts/policy.ts';
import type { LiveExchange } from '../record/exchange.ts';
import type { PassedAnswer } from './pass-answer.ts';

/** An answer that is ready before anybody asks. */
export interface StaticAnswer {
  readonly status: number;
  readonly headers: HeaderBag;
  readonly body: Buffer;
}

/** @param body text goes out as it is, everything else as JSON; undefined: none */
export function staticAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): StaticAnswer {
  const bytes = Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  const bag: HeaderBag = {};
  if (body !== undefined)
    bag['content-type'] = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  for (const [name, value] of Object.entries(headers)) bag[name.toLowerCase()] = value;
  return { status, headers: { ...bag, 'content-length': bytes.length }, body: bytes };
}

/** Marks the exchange as answered so, and answers. */
export function passStatic(answer: StaticAnswer, exchange: LiveExchange, passed: PassedAnswer): void {
  exchange.fallback = 'static';
  passed.whole(answer.status, { ...answer.headers }, answer.body);
}
