import { isDeepStrictEqual } from 'node:util';
import { createPatch } from 'rfc6902';
import { parse } from 'yaml';
import { type PatchOperation, patchText, valuesIn } from '../../config/json-patch.ts';
import { maskSecrets } from '../../config/mask.ts';
import { isSecretAt } from '../../config/wording.ts';
import type { Action, Step } from '../findings/finding.ts';
import type { ConfigPort, LivePort } from '../ports.ts';
import { problemOf } from './problem.ts';
import type { Proposal } from './proposal.ts';
import { tested } from './tested.ts';

/** As `patchText` reads. */
export const writtenOf = (text: string): unknown => parse(text, { schema: 'core', merge: true });
/** Without what merge keys (`<<`) bring in, of which a map may have several: no patch reaches that. */
const ownOf = (text: string): unknown => parse(text, { schema: 'core', merge: false, uniqueKeys: false });

/**
 * Makes an action of a proposal: the tests of what it is made for, its inverse, and what came of trying it out.
 * @param madeFor the config's text that the proposal is made for: another may serve by now
 * @returns undefined if it would show a secret, does not fit any more, or can't be written into the text
 */
export async function prepare(
  proposal: Proposal,
  n: number,
  madeFor: string,
  { config, live, now }: { config: ConfigPort; live: LivePort; now: number },
): Promise<Action | undefined> {
  const {
    kind,
    title,
    operations,
    call = null,
    undo = null,
    canary,
    risk,
    effort,
    affects,
    touches,
    movesTo = null,
    settles = 0,
  } = proposal;
  const steps = operations === undefined ? undefined : patchSteps(config.text, operations, madeFor);
  if (operations !== undefined && steps === undefined) return undefined;
  const partly = canary && patchSteps(config.text, canary.operations, madeFor);
  return {
    n,
    kind,
    title,
    does: { patch: steps?.does ?? [], call },
    undoes: { patch: steps?.undoes ?? [], call: undo },
    canary: partly
      ? {
          does: { patch: partly.does, call: null },
          undoes: { patch: partly.undoes, call: null },
          scopes: canary?.scopes ?? [],
        }
      : null,
    dryRun: { at: now, ...(await tryOut({ patch: steps?.does ?? [], call }, { config, live })) },
    risk,
    effort,
    affects: Math.min(1, Math.max(0, affects)),
    touches,
    movesTo,
    settles,
    status: 'offered',
    applied: null,
  };
}

/** Whether a step could be done now; if not, why. Changes nothing. */
export async function tryOut(
  { patch, call }: Step,
  { config, live }: { config: ConfigPort; live: LivePort },
): Promise<{ ok: boolean; problem: string }> {
  try {
    if (patch.length > 0) {
      await config.revise({
        author: 'hypercare',
        note: '',
        matches: () => true,
        text: (current) => patchText(current, patch),
        written: valuesIn(patch),
        dryRun: true,
      });
    }
    const problem = callProblem(call, live);
    if (problem !== undefined) return { ok: false, problem };
    return { ok: true, problem: '' };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

/** Why what runs can't be changed so now; undefined: it can. */
export function callProblem(call: Step['call'], live: LivePort): string | undefined {
  if (call?.do !== 'drain-target') return undefined;
  const others = live
    .targets(call.upstream)
    ?.filter((each) => each.url !== call.target && each.state === 'healthy');
  return others?.length ? undefined : 'it is the last healthy target';
}

/** What is done to a text by operations that were made for the same, or for the one before it. */
function patchSteps(
  text: string,
  operations: readonly PatchOperation[],
  madeFor: string,
): { does: readonly PatchOperation[]; undoes: PatchOperation[] } | undefined {
  try {
    const does = tested(writtenOf(madeFor), operations, ownOf(madeFor));
    const before = writtenOf(text);
    const changed = patchText(text, does);
    const after = writtenOf(changed);
    const undoes = tested(after, createPatch(after, before) as PatchOperation[], ownOf(changed));
    return [...does, ...undoes].some(showsSecret) ? undefined : { does, undoes };
  } catch {
    // It does not fit any more, or the way goes through an alias.
    return undefined;
  }
}

function showsSecret(operation: PatchOperation): boolean {
  if (isSecretAt(operation.path.split('/'))) return true;
  return 'value' in operation && !isDeepStrictEqual(maskSecrets(operation.value), operation.value);
}
