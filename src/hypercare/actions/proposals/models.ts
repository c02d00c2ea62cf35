import type { PatchOperation } from '../../../config/json-patch.ts';
import type { ModelConfig } from '../../../config/schema/index.ts';
import type { Detection } from '../../../contracts/finding.ts';
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
  const all = targets.reduce((sum, { weight }) => sum + weight, 0);
  const affects = all === 0 ? 1 : bad.reduce((sum, { weight }) => sum + weight, 0) / all;
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
    const to = rest[0] as ModelTarget;
    return [
      {
        kind: 'switch-model',
        title: `Let ${to.provider}/${to.model}${to.version && ` ${to.version}`} answer ${name} in place of ${words.join(', ')}`,
        operations: weigh((target) => (isBad(target) ? 0 : idle ? 1 : target.weight)),
        canary: {
          // A quarter at most: as many as the guard on automatic actions allows.
          operations: weigh((target) => (isBad(target) ? 75 : Math.max(1, Math.floor(25 / rest.length)))),
          scopes: movesTo.flatMap((scope) =>
            rest.map((target) => ({ ...scope, target: `${target.provider}/${target.model}` })),
          ),
        },
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
