import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { AI_PATHS } from '../config/ai-paths.ts';
import { MCP_METHODS } from '../config/mcp-paths.ts';
import type { GatewayConfig, RouteConfig } from '../config/schema/index.ts';
import { METHODS } from '../config/schema/routes.ts';
import { servesAi } from '../config/serves-ai.ts';
import { servesFeedback } from '../config/serves-feedback.ts';
import { SLOTS, type Slot } from '../contracts/policy.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ErrorCode } from '../errors/table.ts';
import { feedbackRoutes } from '../hypercare/feedback/routes.ts';
import { isOddPath } from '../lib/lenient-path.ts';
import { askedMethods } from '../lib/method-override.ts';
import { pathMatches } from '../lib/path-pattern.ts';
import { compilePathRewrite } from '../lib/path-rewrite.ts';
import { atOnce, type Steps } from '../lib/slices.ts';
import { unmetCondition } from '../proxy/conditions.ts';
import { asksForMore, guardsOf } from '../proxy/guards.ts';
import { otherReadings } from '../proxy/other-readings.ts';
import { answersPreflight, isForPreflight, placingWithPreflights } from '../proxy/preflight.ts';
import { RouteTable } from '../proxy/route-table.ts';
import { explainSplit } from './explain-split.ts';
import { isProbe } from './readiness.ts';
import { canonicalTarget } from './request-target.ts';

export interface Explained {
  /** The path as it is matched and forwarded; null if it is refused. */
  path: string | null;
  /** Why it is refused before any route is looked for. */
  refused: ErrorCode | undefined;
  /** `/livez` or `/readyz`: answered before any route is looked for. */
  isProbe: boolean;
  /** The route that takes the request; undefined if none does. */
  route:
    | { name: string; kind: 'ai' }
    /** `server`: as configured; '' for all together. */
    | { name: string; kind: 'mcp'; server: string }
    | { name: string; kind: 'feedback' }
    | {
        name: string;
        kind: 'api';
        config: RouteConfig;
        /** The path that the upstream gets; null if what the rewrite makes of it is refused. */
        upstreamPath: string | null;
        /** The part of its split, where the request's headers decide it. */
        variant: string | undefined;
      }
    | undefined;
  /** Names of policies in the order in which the request passes them, with their slots. */
  policies: { name: string; slot: Slot; settings: unknown }[];
  /** The other routes, each with why it does not take the request. */
  others: { name: string; why: string }[];
}

interface AskedFor {
  method: string;
  /** With its query, if it has one. */
  target: string;
  headers: IncomingHttpHeaders;
}

/** What would happen to a request: decided by the same router, patterns and conditions that serve. */
export const explainRequest = (
  config: GatewayConfig,
  slots: ReadonlyMap<string, Slot>,
  asked: AskedFor,
): Explained => atOnce(explaining(config, slots, asked));

/** The same in steps, for a process that serves: ten thousand routes take a while. */
export function* explaining(
  config: GatewayConfig,
  slots: ReadonlyMap<string, Slot>,
  asked: AskedFor,
): Steps<Explained> {
  const read = readTarget(asked);
  if (read.refused !== undefined) {
    const others = config.routes.map(({ name }) => ({ name, why: 'the request is refused' }));
    return { path: null, refused: read.refused, isProbe: false, route: undefined, policies: [], others };
  }
  const { path } = read;
  if (isProbe(asked.target)) {
    const others = config.routes.map(({ name }) => ({ name, why: 'the gateway answers its probes itself' }));
    return { path, refused: undefined, isProbe: true, route: undefined, policies: [], others };
  }
  const winner = yield* winnerOf(config, path, asked);
  const taken = config.routes.find(({ name }) => name === winner);
  const refused = taken && (yield* refusalOf(config, slots, taken.name, path, asked));
  if (refused) {
    const others = config.routes.map(({ name }) => ({ name, why: 'the request is refused' }));
    return { path: null, refused, isProbe: false, route: undefined, policies: [], others };
  }
  const ai = winner === AI ? { name: AI, kind: 'ai' as const } : undefined;
  const mcp =
    winner === MCP ? { name: MCP, kind: 'mcp' as const, server: serverOf(config, path) } : undefined;
  const feedback = winner === FEEDBACK ? { name: 'feedback', kind: 'feedback' as const } : undefined;
  const own = ai ? config.ai.policies : mcp ? config.mcp.policies : taken?.policies;
  const policies = inOrder(own ?? [], slots);
  const others: Explained['others'] = [];
  for (const route of config.routes) {
    if (route !== taken) others.push({ name: route.name, why: whyNot(route, path, asked, winner) });
    yield;
  }
  const hasConsumer = policies.some(({ slot }) => slot === 'identify');
  return {
    path,
    refused: undefined,
    isProbe: false,
    route:
      ai ??
      mcp ??
      feedback ??
      (taken && {
        name: taken.name,
        kind: 'api',
        config: taken,
        upstreamPath: rewritten(taken, path),
        variant: explainSplit(taken, asked.headers, hasConsumer),
      }),
    policies,
    others,
  };
}

/** What a request is refused with that could be taken for one of a route that asks for more. */
function* refusalOf(
  config: GatewayConfig,
  slots: ReadonlyMap<string, Slot>,
  name: string,
  path: string,
  asked: AskedFor,
): Steps<ErrorCode | undefined> {
  const { routes } = config;
  const slotOf = (policy: string): Slot | undefined => slots.get(policy);
  if (isOddPath(path) && (yield* otherReadings(routes, slotOf))(name)?.(path)) return 'path_ambiguous';
  const methods = askedMethods(asked.headers);
  if (methods === undefined) return undefined;
  const guards = yield* guardsOf(routes, slotOf);
  for (const method of methods) {
    const other = yield* winnerOf(config, path, { ...asked, method });
    if (other !== undefined && asksForMore(guards, other, name)) return 'method_ambiguous';
  }
  return undefined;
}

const rewritten = ({ rewrite }: RouteConfig, path: string): string | null =>
  rewrite ? compilePathRewrite(rewrite)(path) : path;

/** Reads the target as the listener does. A request without a Host has one, or it would be refused for that alone. */
function readTarget({
  target,
  headers,
}: AskedFor): { path: string; refused?: undefined } | { refused: ErrorCode } {
  const named = { host: 'localhost', ...headers };
  const rawHeaders = Object.entries(named).flatMap(([name, value]) => [name, String(value)]);
  const request = {
    url: target,
    headers: named,
    rawHeaders,
    httpVersion: '1.1',
  } as unknown as IncomingMessage;
  try {
    const { path } = canonicalTarget(request);
    decodeURIComponent(path); // as the router does
    return { path };
  } catch (error) {
    return { refused: error instanceof GatewayError ? error.code : 'path_invalid' };
  }
}

const AI = 'ai';
const MCP = 'mcp';
/** No route can have this name. */
const FEEDBACK = 'the gateway’s feedback';

const serverOf = ({ mcp }: GatewayConfig, path: string): string =>
  decodeURIComponent(path.slice(mcp.prefix.length + 1));

function* winnerOf(config: GatewayConfig, path: string, asked: AskedFor): Steps<string | undefined> {
  const table = new RouteTable<RouteConfig | typeof AI | typeof MCP | typeof FEEDBACK>();
  for (const { pattern, methods, routes } of yield* placingWithPreflights(config.routes)) {
    for (const route of routes) for (const method of methods) table.add(method, pattern, route, route.match);
    yield;
  }
  if (servesAi(config.ai)) {
    // With every method: those that an endpoint does not have are refused there, by no wider route.
    for (const path of AI_PATHS) for (const method of METHODS) table.add(method, config.ai.prefix + path, AI);
  }
  if (Object.keys(config.mcp.servers).length > 0) {
    for (const path of ['', '/:server'])
      for (const method of MCP_METHODS) table.add(method, config.mcp.prefix + path, MCP);
  }
  if (servesFeedback(config))
    for (const [method, path] of feedbackRoutes(config)) table.add(method, path, FEEDBACK);
  const taker = table.find(asked.method, path, asked.headers);
  if (taker === undefined || taker === AI || taker === MCP || taker === FEEDBACK) return taker;
  return !isForPreflight(taker) || answersPreflight(taker) ? taker.name : undefined;
}

function inOrder(entries: RouteConfig['policies'], slots: ReadonlyMap<string, Slot>): Explained['policies'] {
  return entries
    .flatMap((entry) => Object.entries(entry))
    .map(([name, settings]) => ({ name, slot: slots.get(name) ?? 'inspect', settings }))
    .sort((a, b) => SLOTS.indexOf(a.slot) - SLOTS.indexOf(b.slot));
}

function whyNot(route: RouteConfig, path: string, asked: AskedFor, winner: string | undefined): string {
  const { match } = route;
  if (!pathMatches(match.path, path)) return `path is not ${match.path}`;
  if (!(match.methods as readonly string[]).includes(asked.method))
    return `method is not ${match.methods.join(' or ')}`;
  return unmetCondition(match, asked.headers) ?? `${winner ?? 'none'} is more specific, or stands first`;
}
