import type { PatchOperation } from '../../../config/json-patch.ts';
import type { ModelConfig } from '../../../config/schema/index.ts';
import type { Detection } from '../../../contracts/finding.ts';
import { gcd } from '../../../lib/gcd.ts';
import {
  allOf,
  at,
  badOf,
  onlyValue,
  type Proposal,
  type Propose,
  setting,
  type World,
} from '../proposal.ts';
import { movedOff, movesFrom } from './moves.ts';

type ModelTarget = NonNullable<ModelConfig['targets']>[number];

/** Bad ones to one good one in a canary: it gets a quarter, as much as the guard on automatic actions allows. */
const BAD_IN_CANARY = 3;

/** A provider, a model of its or a version is bad: the others of the alias take over, or else the first fallback's. */
export const badModel: Propose = (world) => {
  const { detection, config } = world;
  const provider = onlyValue(detection, 'provider');
  const version = onlyValue(detection, 'version');
  const target = onlyValue(detection, 'target');
  if (provider === undefined && version === undefined && target === undefined) return [];
  const alias = onlyValue(detection, 'model');
  return Object.entries(config.ai.models)
    .filter(([name]) => alias === undefined || name === alias)
    .flatMap(([name, model]) => {
      const isBad = (each: ModelTarget): boolean =>
        (provider === undefined || each.provider === provider) &&
        (version === undefined || each.version === version) &&
        (target === undefined || `${each.provider}/${each.model}` === target);
      const targets = model.targets ?? [];
      return targets.some((each) => isBad(each) && each.weight > 0)
        ? withoutBad(world, name, model, isBad)
        : [];
    });
};

function withoutBad(
  { detection, written, config }: World,
  name: string,
  { targets = [], fallback }: ModelConfig,
  isBad: (target: ModelTarget) => boolean,
): Proposal[] {
  const bad = targets.filter(isBad);
  const rest = targets.filter((target) => !isBad(target));
  const badWeight = sumOf(bad);
  const all = sumOf(targets);
  const affects = all === 0 ? 1 : badWeight / all;
  const touches = [{ scope: { model: name }, part: affects }];
  const words = bad.map(
    (target) => `${target.provider}/${target.model}${target.version && ` ${target.version}`}`,
  );
  const path = ['ai', 'models', name, 'targets'];
  const movesTo = movedOff(detection, ['target', 'provider', 'version'], { model: name });
  if (rest.length > 0) {
    const weigh = (of: (target: ModelTarget) => number): PatchOperation[] =>
      targets.flatMap((target, i) =>
        of(target) === target.weight ? [] : [setting(written, [...path, i, 'weight'], of(target))],
      );
    // Those that are left may have had no weight at all.
    const idle = rest.every(({ weight }) => weight === 0);
    const own = ({ weight }: ModelTarget): number => (idle ? 1 : weight);
    const takers = rest.filter((target) => own(target) > 0);
    const restWeight = takers.reduce((sum, target) => sum + own(target), 0);
    const partly = (target: ModelTarget): number =>
      isBad(target) ? target.weight * restWeight * BAD_IN_CANARY : own(target) * badWeight;
    const divisor = targets.map(partly).reduce(gcd, 0);
    const to = takers[0] as ModelTarget;
    return [
      {
        kind: 'switch-model',
        title: `Let ${to.provider}/${to.model}${to.version && ` ${to.version}`} answer ${name} in place of ${words.join(', ')}`,
        operations: weigh((target) => (isBad(target) ? 0 : own(target))),
        // Where the others carry as much already it would send more to the bad ones.
        ...((idle || badWeight > restWeight * BAD_IN_CANARY) && {
          canary: {
            operations: weigh((target) => partly(target) / divisor),
            scopes: movesTo.flatMap((scope) =>
              takers.map((target) => ({ ...scope, target: `${target.provider}/${target.model}` })),
            ),
          },
        }),
        risk: 'medium',
        effort: 1,
        affects,
        touches,
        movesTo,
        fit: 0.8,
      },
    ];
  }
  const next = fallback.find((each) => (config.ai.models[each]?.targets?.length ?? 0) > 0);
  const instead = next === undefined ? undefined : at(written, 'ai', 'models', next, 'targets');
  if (instead === undefined) return [];
  return [
    {
      kind: 'switch-model',
      title: `Let ${next}, the fallback of ${name}, answer in place of ${words.join(', ')}`,
      operations: [setting(written, path, instead)],
      risk: 'medium',
      effort: 2,
      affects,
      touches,
      movesTo,
      fit: 0.7,
    },
  ];
}

const sumOf = (targets: readonly ModelTarget[]): number =>
  targets.reduce((sum, { weight }) => sum + weight, 0);

/** A version of a prompt is bad: the one before it, for all. */
export const badPrompt: Propose = ({ detection, config, written }) => {
  const name = onlyValue(detection, 'prompt');
  const prompt = name === undefined ? undefined : config.ai.prompts[name];
  if (name === undefined || prompt === undefined) return [];
  const bad = Number(onlyValue(detection, 'promptVersion') ?? prompt.version);
  const before = Object.keys(prompt.versions)
    .map(Number)
    .filter((version) => version < bad);
  if (before.length === 0) return [];
  const version = Math.max(...before);
  const base = ['ai', 'prompts', name];
  const weights = Object.keys(prompt.versions).filter((each) => prompt.versions[each]?.weight !== undefined);
  const operations = [
    ...(prompt.version === version ? [] : [setting(written, [...base, 'version'], version)]),
    ...weights.map((each) =>
      setting(written, [...base, 'versions', each, 'weight'], Number(each) === version ? 100 : 0),
    ),
  ];
  if (operations.length === 0) return [];
  return [
    {
      kind: 'pin-prompt',
      title: `Pin prompt ${name} to version ${version} (instead of ${bad})`,
      operations,
      risk: 'low',
      effort: 1,
      affects: 1,
      touches: allOf({ prompt: name }),
      ...movesFrom(detection, config),
      fit: isPromptCause(detection) ? 0.95 : 0.6,
    },
  ];
};

const isPromptCause = ({ cause }: Detection): boolean =>
  cause.kind === 'prompt' || cause.change?.kind === 'prompt';

/** Calls of a session that a cap lets through where the config names none: far above a conversation of people. */
const CALLS = 100;

/** An agent goes round in circles. */
export const runawayLoop: Propose = ({ detection, config, written }) => {
  if (detection.cause.kind !== 'loop' && detection.what.signal !== 'loop') return [];
  const now = config.ai.loops?.maxCalls;
  const cap = now === undefined ? CALLS : Math.max(5, Math.floor(now / 2));
  if (cap === now) return [];
  return [
    {
      kind: 'cap-loop',
      title: `Stop a session after ${cap} calls an hour`,
      operations: [setting(written, ['ai', 'loops', 'maxCalls'], cap)],
      risk: 'medium',
      effort: 1,
      affects: detection.impact.share,
      touches: badOf(detection),
      fit: 0.85,
    },
  ];
};
