import type { GatewayConfig, RouteConfig } from '../config/schema/index.ts';
import type { PurgeSelection } from '../contracts/cache.ts';
import { canonicalPath, splitTarget } from '../lib/canonical-path.ts';

/**
 * What has to be forgotten so that who asks for a URL gets it anew: the URL as requests are read (`/caf%c3%a9` is
 * `/caf%C3%A9`, a host has no case), and of a route whose policy `query` leaves parameters out, or puts some in, the path
 * with every query: its answers are kept by what the upstream is asked, whatever the client had asked.
 */
export function purgeSelections(selection: PurgeSelection, { routes }: GatewayConfig): PurgeSelection[] {
  if (selection.url === undefined) return [selection];
  const url = asRequested(selection.url);
  const one = { ...selection, url };
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  // A prefix of paths is one of their queries, too.
  if (path.endsWith('*')) return [one];
  const changing = routes.filter(
    (route) => changesQuery(route) && (selection.route ?? route.name) === route.name,
  );
  return [
    one,
    ...changing.flatMap(({ name }) =>
      [path, `${path}?*`].map((each) => ({ ...selection, route: name, url: each })),
    ),
  ];
}

const changesQuery = ({ policies }: RouteConfig): boolean =>
  ['query', 'response-cache'].every((name) => policies.some((entry) => Object.hasOwn(entry, name)));

function asRequested(text: string): string {
  const plain = text.replace(/^https?:\/\//i, '');
  const [host = ''] = plain.split(/[/?*]/, 1);
  const { path, query } = splitTarget(plain.slice(host.length));
  return host.toLowerCase() + (canonicalPath(escaped(path || '/')) ?? path) + query;
}

/** As browsers write what they show. A `%` stays: what is escaped already is not escaped again. */
const escaped = (path: string): string =>
  path.replace(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(text.toWellFormed()));
