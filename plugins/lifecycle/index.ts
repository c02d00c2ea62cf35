import { type Static, Type } from 'typebox';
import type { HeaderBag, PolicyDescriptor } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';

const Time = (description: string) => Type.String({ format: 'date-time', description });

const Settings = Type.Object(
  {
    deprecated: Type.Optional(Time('Since when, or from when on, the route should not be used any more.')),
    sunset: Type.Optional(Time('When the route is expected to stop answering.')),
    link: Type.Optional(
      Type.String({
        format: 'uri',
        pattern: '^https?://[\\x21\\x23-\\x3b\\x3d\\x3f-\\x7e]+$',
        description: 'Page that tells what to do instead.',
      }),
    ),
    afterSunset: Type.Unsafe<'serve' | 'gone'>({
      type: 'string',
      enum: ['serve', 'gone'],
      default: 'serve',
      description: 'gone: from sunset on the route answers 410.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'Tells clients that a route will go: headers Deprecation (RFC 9745), Sunset (RFC 8594) and Link. Who still calls it is counted.',
  },
);
type Settings = Static<typeof Settings>;

/**
 * The headers of a deprecated route, by lower-case name.
 * @param link where the reader finds more; both kinds of link mean the same page
 */
function announcements({
  deprecated,
  sunset,
  link,
}: Settings): Record<'deprecation' | 'sunset' | 'link', string> {
  const page = (rel: string): string => `<${link}>; rel="${rel}"; type="text/html"`;
  const links = [deprecated && page('deprecation'), sunset && page('sunset')].filter(Boolean);
  return {
    // A structured date: seconds since the epoch (RFC 9651 section 3.3.7).
    deprecation: deprecated ? `@${Math.floor(Date.parse(deprecated) / 1000)}` : '',
    sunset: sunset ? new Date(sunset).toUTCString() : '',
    link: link ? links.join(', ') : '',
  };
}

/** @param now milliseconds since the epoch */
export function createLifecycle(settings: Settings, now: () => number) {
  const { deprecation, sunset, link } = announcements(settings);
  const deprecatedAt = settings.deprecated ? Date.parse(settings.deprecated) : Number.POSITIVE_INFINITY;
  const sunsetAt = settings.sunset ? Date.parse(settings.sunset) : Number.POSITIVE_INFINITY;
  const isGoneAt = settings.afterSunset === 'gone' ? sunsetAt : Number.POSITIVE_INFINITY;
  return {
    onRequest(exchange: { deprecated: boolean; startedAt: number }): Error | undefined {
      const at = now();
      exchange.deprecated = at >= deprecatedAt || at >= sunsetAt;
      return at >= isGoneAt ? new GatewayError('route_gone') : undefined;
    },
    onResponseHeaders(headers: HeaderBag): void {
      if (deprecation !== '') headers.deprecation = deprecation;
      if (sunset !== '') headers.sunset = sunset;
      if (link !== '')
        headers.link = headers.link === undefined ? link : [headers.link, link].flat().join(', ');
    },
  };
}

const lifecycle: PolicyDescriptor<Settings> = {
  name: 'lifecycle',
  slot: 'admit',
  schema: Settings,
  check({ deprecated, sunset, afterSunset }) {
    if (deprecated === undefined && sunset === undefined) return 'needs deprecated or sunset';
    if (afterSunset === 'gone' && sunset === undefined)
      return 'afterSunset: gone needs sunset: without it the route is never gone';
    // RFC 9745 section 4
    if (deprecated && sunset && Date.parse(sunset) < Date.parse(deprecated))
      return 'sunset is before deprecated: a route is deprecated first';
    return undefined;
  },
  create: (settings) => createLifecycle(settings, Date.now),
};

export default lifecycle;
