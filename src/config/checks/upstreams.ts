import type { Part } from '../part.ts';
import { type Check, type CheckContext, checkBreaker, mustEnd, mustLast, mustWeigh } from './context.ts';

/** What is waited for with a timer. */
const TIMED = [
  ['slowStart'],
  ['dns', 'refresh'],
  ['health', 'interval'],
  ['health', 'timeout'],
  ['outlier', 'eject'],
  ['outlier', 'maxEject'],
  ['retry', 'maxWait'],
  ['hedge', 'after'],
  ['timeouts', 'connect'],
  ['timeouts', 'response'],
  ['timeouts', 'idle'],
] as const;

/** Upstreams as such. */
export const checkUpstreams: Check = (config, context) => {
  for (const [, upstream] of config.get('upstreams').entries) {
    mustWeigh(upstream.get('targets'), context);
    checkTargets(upstream.get('targets'), context);
    checkHash(upstream, context);
    checkBreaker(upstream.get('breaker'), context);
    mustLast(upstream.get('health', 'interval'), 100, context);
    mustLast(upstream.get('health', 'timeout'), 1, context);
    mustLast(upstream.get('outlier', 'eject'), 100, context);
    mustLast(upstream.get('dns', 'refresh'), 1000, context);
    for (const timed of TIMED) mustEnd(upstream.get(...timed), context);
  }
};

function checkTargets(targets: Part, { report, quoted }: CheckContext): void {
  const seen = new Set<string>();
  for (const target of targets.items) {
    const url = target.get('url');
    if (url.text === undefined) continue;
    // The schema has seen the scheme; what is left is a host or port that can't be.
    if (url.text.startsWith('http') && !URL.canParse(url.text)) report(url, 'is no valid URL');
    if (seen.has(url.text))
      report(url, `the target ${quoted(url)} is there twice: give it more weight instead`);
    seen.add(url.text);
  }
}

function checkHash(upstream: Part, { report, quoted }: CheckContext): void {
  const hash = upstream.get('hash');
  const by = hash.get('by');
  const balance = upstream.get('balance');
  if (hash.isWritten && balance.text !== undefined && balance.text !== 'hash') {
    report(hash, 'does nothing without balance: hash: add that, or take this out');
    return;
  }
  if ((by.text === 'header' || by.text === 'cookie') && !hash.get('name').text)
    report(hash, `needs the name of the ${quoted(by).replaceAll('"', '')}`);
}
