import { expect, it } from 'vitest';
import lifecycle, { createLifecycle } from '../../../../plugins/lifecycle/index.ts';
import type { GatewayError } from '../../../../src/errors/gateway-error.ts';
import { compileSchema } from '../../../../src/lib/json-schema/compile.ts';

const settings = {
  deprecated: '2026-01-01T00:00:00Z',
  sunset: '2026-06-30T23:59:59Z',
  link: 'https://example.com/v2',
  afterSunset: 'gone' as const,
};
const at = (time: string) => createLifecycle(settings, () => Date.parse(time));

it('says when, in the forms of RFC 9745 and RFC 8594, beside what the upstream links to', () => {
  const headers = { link: '</next>; rel="next"' };
  at('2025-12-01T00:00:00Z').onResponseHeaders(headers);
  expect(headers).toEqual({
    deprecation: '@1767225600',
    sunset: 'Tue, 30 Jun 2026 23:59:59 GMT',
    link: '</next>; rel="next", <https://example.com/v2>; rel="deprecation"; type="text/html", <https://example.com/v2>; rel="sunset"; type="text/html"',
  });
});

it.each([
  ['2025-12-31T23:59:59Z', false, undefined],
  ['2026-01-01T00:00:00Z', true, undefined],
  ['2026-06-30T23:59:59Z', true, 'route_gone'],
])('at %s: deprecated %s, answers %s', (time, deprecated, code) => {
  const exchange = { deprecated: false, startedAt: 0 };
  const error = at(time).onRequest(exchange) as GatewayError | undefined;
  expect([exchange.deprecated, error?.code]).toEqual([deprecated, code]);
});

it('goes on serving after its sunset unless it says otherwise', () => {
  const served = createLifecycle({ ...settings, afterSunset: 'serve' }, () =>
    Date.parse('2027-01-01T00:00:00Z'),
  );
  expect(served.onRequest({ deprecated: false, startedAt: 0 })).toBeUndefined();
});

it('wants a time, and the sunset last', () => {
  expect(
    lifecycle.check?.({ afterSunset: 'gone' } as never, { compileSchema, consumers: [], route: 'r' }),
  ).toContain('needs deprecated or sunset');
  expect(
    lifecycle.check?.({ deprecated: '2026-01-01T00:00:00Z', afterSunset: 'gone' } as never, {
      compileSchema,
      consumers: [],
      route: 'r',
    }),
  ).toContain('gone needs sunset');
  expect(
    lifecycle.check?.({ ...settings, sunset: '2025-01-01T00:00:00Z' } as never, {
      compileSchema,
      consumers: [],
      route: 'r',
    }),
  ).toContain('before deprecated');
});
