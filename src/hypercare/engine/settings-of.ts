import { configuredNames } from '../../config/configured-names.ts';
import type { GatewayConfig } from '../../config/schema/index.ts';
import type { SignalSources } from '../../record/signals/signal-writer.ts';
import type { EngineSettings, ObjectiveSetting } from './settings.ts';

/** Leaves at most: 26 MB of counts. */
const MOST_LEAVES = 100_000;
const SHARES = { p50: 0.5, p95: 0.05, p99: 0.01 } as const;

type Config = Pick<GatewayConfig, 'hypercare' | 'upstreams' | 'routes'>;

/** What the engine has to know of a configuration. */
export function settingsOf({ hypercare, upstreams, routes }: Config): EngineSettings {
  return {
    tickMs: hypercare.tick,
    confirmMs: hypercare.confirm,
    objectives: hypercare.objectives.flatMap(objectivesOf),
    upstreams: Object.fromEntries(
      Object.entries(upstreams).map(([name, { targets }]) => [name, targets.map(({ url }) => url)]),
    ),
    cacheTtl: Object.fromEntries(
      routes.flatMap(({ name, policies }) => {
        const ttl = ttlOf(policies);
        return ttl === undefined ? [] : [[name, ttl]];
      }),
    ),
    imported: hypercare.usual.flatMap(({ route, model, errors, p95 }) => {
      const [dimension, value] =
        route === undefined ? (['model', model] as const) : (['route', route] as const);
      if (value === undefined) return [];
      return [
        { dimension, value, ...(errors !== undefined && { errors }), ...(p95 !== undefined && { p95 }) },
      ];
    }),
    mostLeaves: MOST_LEAVES,
  };
}

/** Which headers say what requests are told apart by. */
export function sourcesOf(config: GatewayConfig): SignalSources {
  const { signals, window } = config.hypercare;
  return { ...signals, release: window?.release ?? '', names: configuredNames(config) };
}

type Objective = GatewayConfig['hypercare']['objectives'][number];

function objectivesOf(objective: Objective): ObjectiveSetting[] {
  const { name, route, model, over, availability, latency, firstToken, continuity, usdPerDay } = objective;
  const dimension = route !== undefined ? 'route' : model !== undefined ? 'model' : '';
  const common = { name, dimension, value: route ?? model ?? '', over } as const;
  const times = (kind: 'latency' | 'first-token', of: typeof latency): ObjectiveSetting[] =>
    Object.entries(of ?? {}).map(([quantile, overMs]) => ({
      ...common,
      kind,
      allowed: SHARES[quantile as keyof typeof SHARES],
      overMs,
    }));
  const share = (kind: 'availability' | 'continuity', of: number | undefined): ObjectiveSetting[] =>
    of === undefined ? [] : [{ ...common, kind, allowed: 1 - of, overMs: 0 }];
  return [
    ...share('availability', availability),
    ...times('latency', latency),
    ...times('first-token', firstToken),
    ...share('continuity', continuity),
    ...(usdPerDay === undefined
      ? []
      : [{ ...common, kind: 'spend' as const, allowed: usdPerDay, overMs: 0 }]),
  ];
}

/** The time that a route's cache may keep answers; undefined: it keeps none, or goes by the answers' own headers. */
function ttlOf(policies: Config['routes'][number]['policies']): number | undefined {
  for (const policy of policies) {
    const settings = (policy as Record<string, { ttl?: unknown } | undefined>)['response-cache'];
    if (typeof settings?.ttl === 'number') return settings.ttl;
  }
  return undefined;
}
