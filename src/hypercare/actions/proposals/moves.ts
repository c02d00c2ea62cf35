import type { GatewayConfig } from '../../../config/schema/index.ts';
import type { Detection } from '../../../contracts/finding.ts';
import type { Dimension, Scope } from '../../../contracts/signal.ts';
import type { Proposal } from '../proposal.ts';

type Moves = Required<Pick<Proposal, 'movesTo' | 'affects'>>;

/**
 * The place without the values that an action takes its traffic away from: there it goes. All else that tells the place
 * apart stays, or what was never bad beside it would prove that it is fixed.
 */
export const movedOff = (
  { where }: Pick<Detection, 'where'>,
  gone: readonly Dimension[],
  to: Scope,
): readonly Scope[] =>
  where.scopes.map((scope) => ({
    ...Object.fromEntries(Object.entries(scope).filter(([name]) => !gone.includes(name as Dimension))),
    ...to,
  }));

/**
 * Where the traffic of a place goes when a change of the config takes it away from there, and which share of it the place
 * had: a version of a prompt, a target, a model behind an alias. Undefined: it stays where it is.
 */
export function movesFrom(
  { where }: Pick<Detection, 'where'>,
  { upstreams, ai }: Pick<GatewayConfig, 'upstreams' | 'ai'>,
): Moves | undefined {
  const [scope] = where.scopes;
  if (!scope || where.scopes.length > 1) return undefined;
  const { target, upstream, promptVersion, prompt, model, ...rest } = scope;
  if (promptVersion !== undefined && prompt !== undefined) {
    const versions = ai.prompts[prompt]?.versions ?? {};
    const all = Object.values(versions).reduce((sum, { weight = 0 }) => sum + weight, 0);
    const own = versions[promptVersion]?.weight ?? 0;
    return { movesTo: [{ ...rest, ...known({ model, prompt }) }], affects: all > 0 ? own / all : 1 };
  }
  if (target === undefined) return undefined;
  const targets = upstream === undefined ? undefined : upstreams[upstream]?.targets;
  if (targets)
    return {
      movesTo: [{ ...rest, ...known({ upstream }) }],
      affects: share(targets, ({ url }) => url === target),
    };
  const models = model === undefined ? undefined : ai.models[model]?.targets;
  const { provider: _, version: __, ...others } = rest;
  return models
    ? {
        movesTo: [{ ...others, ...known({ model }) }],
        affects: share(
          models,
          (each) => `${each.provider}/${each.model}` === target || each.model === target,
        ),
      }
    : undefined;
}

function share<T extends { readonly weight: number }>(all: readonly T[], is: (one: T) => boolean): number {
  const sum = (of: readonly T[]): number => of.reduce((whole, { weight }) => whole + weight, 0);
  return sum(all) === 0 ? 1 : sum(all.filter(is)) / sum(all);
}

const known = (scope: Readonly<Record<string, string | undefined>>): Scope =>
  Object.fromEntries(Object.entries(scope).filter(([, value]) => value !== undefined));
