import type { GatewayConfig } from '../../../config/schema/index.ts';
import { allOf, onlyValue, type Proposal, type Propose, setting, type World } from '../proposal.ts';
import { movedOff } from './moves.ts';

/** Weight of a target that is taken out by the config. */
const NONE = 0;
const FITS: ReadonlySet<string> = new Set(['target', 'capacity', 'upstream', 'unknown', 'release']);

/** One instance is bad: take it out, or give it no weight. */
export const badTarget: Propose = (world) => {
  const { detection, config, written, live } = world;
  const url = onlyValue(detection, 'target');
  const found = url === undefined ? undefined : targetOf(config, url, onlyValue(detection, 'upstream'));
  if (url === undefined || found === undefined || !FITS.has(detection.cause.kind)) return [];
  const { upstream, index, weights } = found;
  const others = (live.targets(upstream) ?? []).filter(
    (each) => each.url !== url && each.state === 'healthy',
  );
  // Never the last healthy one.
  if (others.length === 0) return [];
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const share = all === 0 ? 1 : (weights[index] as number) / all;
  const isSure = detection.cause.kind === 'target';
  const movesTo = movedOff(detection, ['target'], { upstream });
  const touches = [{ scope: { upstream }, part: share }];
  const drain: Proposal = {
    kind: 'drain-target',
    title: `Drain target ${url} of ${upstream}`,
    call: { do: 'drain-target', upstream, target: url },
    undo: { do: 'enable-target', upstream, target: url },
    risk: 'low',
    effort: 1,
    affects: share,
    touches,
    movesTo,
    fit: isSure ? 0.85 : 0.5,
  };
  if (weights[index] === NONE || weights.filter((weight) => weight > 0).length < 2) return [drain];
  const shift: Proposal = {
    kind: 'shift-traffic',
    title: `Give target ${url} of ${upstream} no traffic`,
    operations: [setting(written, ['upstreams', upstream, 'targets', index, 'weight'], NONE)],
    risk: 'low',
    effort: 1,
    affects: share,
    touches,
    movesTo,
    fit: isSure ? 0.9 : 0.55,
  };
  return [shift, drain];
};

function targetOf(config: GatewayConfig, url: string, name: string | undefined) {
  for (const [upstream, { targets }] of Object.entries(config.upstreams)) {
    const index = targets.findIndex((target) => target.url === url);
    if (index >= 0 && (name === undefined || name === upstream))
      return { upstream, index, weights: targets.map(({ weight }) => weight) };
  }
  return undefined;
}

/** One part of a split is bad: its share goes to the others. */
export const badVariant: Propose = ({ detection, config, written }) => {
  const upstream = onlyValue(detection, 'upstream');
  const name = onlyValue(detection, 'route');
  const index = config.routes.findIndex((route) => route.name === name);
  const split = config.routes[index]?.split;
  const part = split?.findIndex((each) => each.upstream === upstream) ?? -1;
  if (name === undefined || !split || part < 0) return [];
  const { weight } = split[part] as { weight: number };
  const all = split.reduce((sum, each) => sum + each.weight, 0);
  if (weight === 0 || all === weight) return [];
  return [
    {
      kind: 'shift-traffic',
      title: `Give ${upstream} no part of route ${name}`,
      operations: [setting(written, ['routes', index, 'split', part, 'weight'], 0)],
      risk: 'low',
      effort: 1,
      affects: weight / all,
      touches: [{ scope: { route: name }, part: weight / all }],
      movesTo: movedOff(detection, ['upstream', 'target'], { route: name }),
      fit: 0.8,
    },
  ];
};

/** The upstream as a whole is bad: leave it alone for a while, so that routes give their fallback at once. */
export const badUpstream: Propose = (world) => {
  const { detection, config } = world;
  const upstream = upstreamOf(world);
  if (upstream === undefined || onlyValue(detection, 'target') !== undefined) return [];
  if (detection.what.signal !== 'errors' && detection.what.signal !== 'slow') return [];
  const routes = config.routes.filter((route) => uses(route, upstream));
  const held = routes.filter(
    ({ fallback, policies }) => fallback || policies.some((entry) => 'response-cache' in entry),
  );
  if (routes.length === 0) return [];
  const names = routes.map(({ name }) => name).join(', ');
  const isHeld = held.length === routes.length;
  const open: Proposal = {
    kind: isHeld ? 'static-answer' : 'open-breaker',
    title: isHeld
      ? `Let ${names} give its fallback answer at once: open the breaker of ${upstream}`
      : `Open the breaker of ${upstream}, so that it can recover`,
    call: { do: 'breaker', upstream, to: 'open' },
    undo: { do: 'breaker', upstream, to: 'auto' },
    risk: isHeld ? 'medium' : 'high',
    effort: 1,
    affects: 1,
    touches: allOf({ upstream }),
    fit: isHeld ? 0.45 : 0.2,
  };
  return [open];
};

const uses = ({ upstream, split }: GatewayConfig['routes'][number], name: string): boolean =>
  upstream === name || (split?.some((part) => part.upstream === name) ?? false);

/** The upstream of the place: named, or the only one of its route. */
export function upstreamOf({ detection, config }: Pick<World, 'detection' | 'config'>): string | undefined {
  const named = onlyValue(detection, 'upstream');
  if (named !== undefined) return named in config.upstreams ? named : undefined;
  const name = onlyValue(detection, 'route');
  return config.routes.find((route) => route.name === name)?.upstream;
}

/** It has too little time for what it does. */
export const shortTimeout: Propose = (world) => {
  const { detection, config, written } = world;
  const upstream = upstreamOf(world);
  if (detection.reason !== 'upstream_timeout' || upstream === undefined) return [];
  const { response } = config.upstreams[upstream]?.timeouts ?? {};
  if (response === undefined) return [];
  return [
    {
      kind: 'raise-timeout',
      title: `Give ${upstream} ${seconds(response * 2)} to answer instead of ${seconds(response)}`,
      operations: [setting(written, ['upstreams', upstream, 'timeouts', 'response'], seconds(response * 2))],
      risk: 'medium',
      effort: 1,
      affects: 1,
      touches: allOf({ upstream }),
      fit: 0.4,
    },
  ];
};

const seconds = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
