import { isDeepStrictEqual } from 'node:util';
import type { GatewayConfig } from '../../config/schema/index.ts';
import { Slices } from '../../lib/slices.ts';
import { changedScopes } from '../engine/changed-scopes.ts';
import type { Touched } from '../findings/finding.ts';
import { allOf } from './proposal.ts';

/** What a change of the config as it is written touches: of everything all, where more than named parts of it changes. */
export async function changedTraffic(from: unknown, to: unknown): Promise<Touched[]> {
  const [before, after] = [sectionsOf(from), sectionsOf(to)];
  // Whose requests a route takes, or leaves to the next one, nobody has counted.
  if (!isDeepStrictEqual(waysOf(before), waysOf(after))) return allOf({});
  return allOf(...(await new Slices().through(changedScopes(before, after))));
}

/** A text may leave out what has a default, or leave it empty. */
function sectionsOf(written: unknown): GatewayConfig {
  const { routes, upstreams, consumers, ai, ...others } = (written ?? {}) as Partial<GatewayConfig>;
  const { models, providers, prompts, ...rest } = ai ?? ({} as Partial<GatewayConfig['ai']>);
  return {
    ...others,
    routes: routes ?? [],
    upstreams: upstreams ?? {},
    consumers: consumers ?? [],
    ai: { ...rest, models: models ?? {}, providers: providers ?? {}, prompts: prompts ?? {} },
  } as GatewayConfig;
}

/** Which requests go to which route. */
const waysOf = ({ routes }: GatewayConfig): unknown => routes.map(({ name, match }) => [name, match]);
