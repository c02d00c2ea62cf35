import { nearest } from '../../lib/nearest.ts';
import { compilePathRewrite, type PathRewriteSettings } from '../../lib/path-rewrite.ts';
import { AI_PATHS } from '../ai-paths.ts';
import { MCP_METHODS, RESOURCE_METADATA } from '../mcp-paths.ts';
import type { Part } from '../part.ts';
import { servesAi } from '../serves-ai.ts';
import {
  type Check,
  type CheckContext,
  mustDiffer,
  mustEnd,
  mustExist,
  mustLast,
  mustWeigh,
} from './context.ts';
import { pathFault, placeOf, sameMatch } from './route-paths.ts';

/** Routes: where they lead, and that no two of them want the same requests. */
export const checkRoutes: Check = (config, context) => {
  const routes = config.get('routes').items;
  const upstreams = config.get('upstreams').keys;
  mustDiffer(
    routes.map((route) => route.get('name')),
    'the route',
    context,
  );
  for (const route of routes) {
    checkDestination(route, context);
    mustExist(route.get('upstream'), 'upstream', upstreams, context);
    mustExist(route.get('fallback', 'upstream'), 'upstream', upstreams, context);
    mustWeigh(route.get('split'), context);
    const parts = route.get('split').items.map((part) => part.get('upstream'));
    for (const part of [...parts, route.get('mirror', 'upstream')])
      mustExist(part, 'upstream', upstreams, context);
    mustDiffer(parts, 'the upstream', context);
    checkStandIns(route, context);
    mustLast(route.get('mirror', 'timeout'), 1, context);
    mustEnd(route.get('mirror', 'timeout'), context);
    checkAnswerHeaders(route.get('fallback', 'headers'), context);
    const path = route.get('match', 'path');
    const fault = path.text === undefined ? undefined : pathFault(path.text);
    if (fault !== undefined) context.report(path, fault);
    checkRewrite(route.get('rewrite'), context);
    for (const [name, header] of route.get('match', 'headers').entries) {
      if (!HEADER_NAME.test(name)) context.report(header, 'is no valid name of a header');
    }
  }
  checkOverlaps(routes, context);
  checkOwnPaths(routes, config, context);
};

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const DESTINATIONS = ['upstream', 'split'];

function checkDestination(route: Part, { report }: CheckContext): void {
  const given = DESTINATIONS.filter((key) => route.has(key));
  // A misspelt one is said already.
  if (given.length === 1 || (given.length === 0 && route.keys.some((key) => nearest(key, DESTINATIONS))))
    return;
  if (route.keys.length > 0)
    report(
      route,
      given.length === 0 ? 'needs an upstream or a split' : 'has both upstream and split: keep one',
    );
}

/** What stands beside an upstream, or in for it, is another one. A part of a split may stand in for the others. */
function checkStandIns(route: Part, { report }: CheckContext): void {
  const own = [route, ...route.get('split').items].flatMap((part) => part.get('upstream').text ?? []);
  const [fallback, mirror] = [route.get('fallback', 'upstream'), route.get('mirror', 'upstream')];
  if (fallback.text !== undefined && own.every((name) => name === fallback.text) && own.length > 0)
    report(fallback, 'is the upstream that has failed: name another, or try it again with its retry');
  if (mirror.text !== undefined && own.includes(mirror.text))
    report(mirror, 'is the route’s own upstream: it would get each request twice. Name another');
}

/** They frame the message or belong to its connection, which is the gateway's. */
const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Visible characters, spaces and tabs. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers of an answer from the config: found out here, and not by those who need the answer. */
function checkAnswerHeaders(headers: Part, { report }: CheckContext): void {
  for (const [name, value] of headers.entries) {
    if (!HEADER_NAME.test(name)) report(value, 'is no valid name of a header');
    else if (FRAMING.has(name.toLowerCase()))
      report(value, 'frames the answer, which the gateway does: take it out');
    else if (value.text !== undefined && !HEADER_VALUE.test(value.text))
      report(value, 'can’t be sent in a header: visible ASCII only');
  }
}

function checkRewrite(rewrite: Part, { report, fitsSchema }: CheckContext): void {
  if (!rewrite.isWritten || !fitsSchema) return;
  const isByRegex = rewrite.has('from') && rewrite.has('to');
  if (isByRegex === rewrite.has('prefix') || rewrite.has('from') !== rewrite.has('to')) {
    report(rewrite, 'needs from and to, or prefix');
    return;
  }
  const to = rewrite.get('to');
  if (/[?#]/.test(to.text ?? ''))
    report(to, 'is a path, without "?" and "#": the policy query changes the query');
  try {
    compilePathRewrite(rewrite.value as PathRewriteSettings);
  } catch (error) {
    report(rewrite.get('from'), (error as Error).message);
  }
}

function checkOverlaps(routes: readonly Part[], { report, quoted }: CheckContext): void {
  const known = new Map<string, Part[]>();
  for (const route of routes) {
    const match = route.get('match');
    const same = sameMatch(match);
    if (same === undefined) continue;
    const others = known.get(same) ?? [];
    const methods = methodsOf(route);
    const rival = others.find((other) => methodsOf(other).some((method) => methods.includes(method)));
    if (rival) report(match, `takes the same requests as the route ${quoted(rival.get('name'))} above`);
    known.set(same, [...others, route]);
  }
}

const methodsOf = (route: Part): string[] =>
  route.get('match', 'methods').items.flatMap(({ text }) => text ?? []);

/** Below `ai.prefix`: what lies below these is kept free too. */
const KEPT_FREE = ['/chat/completions', '/models'];

/** What the gateway answers itself: a route for the same would keep it from starting. */
function checkOwnPaths(routes: readonly Part[], config: Part, { report }: CheckContext): void {
  const prefixOf = (key: string): string => config.get(key, 'prefix').text ?? '';
  const hasAi = servesAi(config.get('ai').value);
  const free = hasAi ? KEPT_FREE.map((path) => prefixOf('ai') + path) : [];
  const ai = new Set(hasAi ? AI_PATHS.map((path) => placeOf(prefixOf('ai') + path)) : []);
  const hasMcp = config.get('mcp', 'servers').keys.length > 0;
  const servers = hasMcp ? ['', '/:server'].map((path) => prefixOf('mcp') + path) : [];
  const mcp = new Map(servers.map((path) => [placeOf(path), MCP_METHODS]));
  if (config.get('mcp', 'resource').isWritten)
    for (const path of servers) mcp.set(placeOf(RESOURCE_METADATA + path), ['GET']);
  for (const route of routes) {
    const match = route.get('match');
    const path = match.get('path');
    if (path.text === undefined) continue;
    const { text } = path;
    const places = placesOf(match);
    if (free.some((each) => text === each || text.startsWith(`${each}/`)) || places.some((at) => ai.has(at)))
      report(path, 'belongs to the AI routes: choose another path, or another ai.prefix');
    else if (places.some((at) => methodsOf(route).some((method) => mcp.get(at)?.includes(method))))
      report(path, 'belongs to the MCP servers: choose another path, or another mcp.prefix');
  }
}

/** Where a route takes all requests: with a host or headers it takes only some. `/api/*` takes `/api` too. */
function placesOf(match: Part): string[] {
  const path = match.get('path').text ?? '';
  if (match.has('host') || match.get('headers').keys.length > 0) return [];
  return (path.endsWith('/*') ? [path, path.slice(0, -2)] : [path]).map(placeOf);
}
