import { expect, it } from 'vitest';
import { traceContext } from '../../../src/lib/traceparent.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

it.each([
  [`00-${TRACE}-${SPAN}-01`, '01'],
  [`00-${TRACE}-${SPAN}-00`, '00'],
  [`cc-${TRACE}-${SPAN}-01`, '01'],
  [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, '01'],
])('%s is continued', (header, flags) => {
  const context = traceContext(header);
  expect(context).toMatchObject({ traceId: TRACE, flags });
  expect(context.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(context.spanId).not.toBe(SPAN);
});

it.each([
  undefined,
  '',
  'nonsense',
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${TRACE}-${SPAN}-01x`,
  `cc-${TRACE}-${SPAN}-01x`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00_${TRACE}_${SPAN}_01`,
])('%s begins a new one', (header) => {
  const { traceId, spanId, flags } = traceContext(header);
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(traceId).not.toBe(TRACE);
  expect(spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(flags).toBe('01');
});

it('of traces that begin here a share is sampled; of others their caller has decided', () => {
  const flags = Array.from({ length: 4_000 }, () => traceContext(undefined, 0.25).flags);
  const sampled = flags.filter((each) => each === '01').length;
  expect(sampled).toBeGreaterThan(800);
  expect(sampled).toBeLessThan(1_200);
  expect(new Set(flags)).toEqual(new Set(['00', '01']));
  expect(traceContext(undefined, 0).flags).toBe('00');
  expect(traceContext(`00-${TRACE}-${SPAN}-01`, 0).flags).toBe('01');
});
