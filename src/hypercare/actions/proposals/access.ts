import type { PolicyEntry } from '../../../config/schema/routes.ts';
import type { Scope } from '../../../contracts/signal.ts';
import { allOf, at, onlyValue, type Proposal, type Propose, setting, type World } from '../proposal.ts';

/** Of a limit for somebody who abuses a key: a tenth of what the route lets through. */
const THROTTLED = 0.1;
const THROTTLED_DEFAULT = { limit: 60, window: '1m', per: 'consumer' };

interface PlacedLimit {
  /** From the root. */
  path: readonly (string | number)[];
  limit: number;
  where: string;
  /** What is held to it. */
  scope: Scope;
}

/** A limit that is too low for honest callers: twice as much. */
export const tightLimit: Propose = (world) => {
  const { detection } = world;
  if (detection.reason !== 'rate_limited' || detection.cause.kind === 'key') return [];
  return limitsOf(world).map(({ path, limit, where, scope }) => ({
    kind: 'change-limit',
    title: `Raise the limit of ${where} from ${limit} to ${limit * 2}`,
    operations: [setting(world.written, path, limit * 2)],
    risk: 'medium',
    effort: 1,
    affects: 1,
    touches: allOf(scope),
    fit: 0.6,
  }));
};

/** A key is abused or leaked: take it away, or hold everybody to less until it is. */
export const abusedKey: Propose = (world) => {
  const { detection, config, written } = world;
  if (detection.cause.kind !== 'key' && detection.cause.kind !== 'consumer') return [];
  const name = onlyValue(detection, 'consumer');
  const index = config.consumers.findIndex((consumer) => consumer.name === name);
  const proposals: Proposal[] = limitsOf(world).map(({ path, limit, where, scope }) => ({
    kind: 'throttle-key',
    title: `Hold each consumer of ${where} to ${Math.max(1, Math.floor(limit * THROTTLED))} instead of ${limit}`,
    operations: [setting(written, path, Math.max(1, Math.floor(limit * THROTTLED)))],
    risk: 'medium',
    effort: 1,
    affects: 1,
    touches: allOf(scope),
    fit: 0.5,
  }));
  const keys = config.consumers[index]?.keys ?? [];
  const [key] = keys;
  if (name !== undefined && keys.length === 1 && key !== undefined && detection.cause.kind === 'key') {
    proposals.push({
      kind: 'revoke-key',
      title: `Revoke key ${key.id} of ${name}`,
      operations: [
        setting(
          written,
          ['consumers', index, 'keys', 0, 'expires'],
          new Date(detection.when.since).toISOString(),
        ),
      ],
      risk: 'high',
      effort: 2,
      affects: detection.impact.share,
      touches: allOf({ consumer: name }),
      fit: 0.7,
    });
  }
  if (proposals.length === 0) proposals.push(...newLimit(world));
  return proposals;
};

function newLimit(world: World): Proposal[] {
  const route = onlyValue(world.detection, 'route');
  const index = world.config.routes.findIndex(({ name }) => name === route);
  if (route === undefined || index < 0) return [];
  const policies = at(world.written, 'routes', index, 'policies');
  const entry = { 'rate-limit': THROTTLED_DEFAULT };
  return [
    {
      kind: 'throttle-key',
      title: `Hold each consumer of route ${route} to ${THROTTLED_DEFAULT.limit} requests a minute`,
      operations: [
        Array.isArray(policies)
          ? { op: 'add', path: `/routes/${index}/policies/-`, value: entry }
          : setting(world.written, ['routes', index, 'policies'], [entry]),
      ],
      risk: 'medium',
      effort: 1,
      affects: 1,
      touches: allOf({ route }),
      fit: 0.45,
    },
  ];
}

/** The limits that stand before the place. */
function limitsOf({ detection, config }: World): PlacedLimit[] {
  const route = onlyValue(detection, 'route');
  const isAi = route === 'ai' || onlyValue(detection, 'model') !== undefined;
  const index = config.routes.findIndex(({ name }) => name === route);
  const scope: Scope = { route: isAi ? 'ai' : (route ?? '') };
  const base = isAi ? ['ai', 'policies'] : ['routes', index, 'policies'];
  const policies: readonly PolicyEntry[] = isAi ? config.ai.policies : (config.routes[index]?.policies ?? []);
  return policies.flatMap((entry, i) => {
    const limit = at(entry, 'rate-limit', 'limit');
    if (typeof limit !== 'number') return [];
    const where = isAi ? 'the AI routes' : `route ${route}`;
    return [{ path: [...base, i, 'rate-limit', 'limit'], limit, where, scope }];
  });
}

/** What is kept is old: forget it. */
export const staleCache: Propose = ({ detection, config }) => {
  const route = onlyValue(detection, 'route');
  const found = config.routes.find(({ name }) => name === route);
  if (route === undefined || !found?.policies.some((entry) => 'response-cache' in entry)) return [];
  if (detection.detector !== 'stale-cache' && detection.cause.kind !== 'cache') return [];
  return [
    {
      kind: 'purge-cache',
      title: `Purge the cache of route ${route}`,
      call: { do: 'purge-cache', route },
      risk: 'low',
      effort: 1,
      affects: detection.impact.share,
      touches: allOf({ route }),
      fit: 0.9,
    },
  ];
};
