import { applyPatch, createPatch, type Operation, Pointer } from 'rfc6902';
import type { PatchOperation } from '../../../config/json-patch.ts';
import { changedTraffic } from '../changed-traffic.ts';
import { writtenOf } from '../prepare.ts';
import type { Propose } from '../proposal.ts';
import { tested } from '../tested.ts';
import { movesFrom } from './moves.ts';

/**
 * Takes back what the revision changed that it is put down to, and nothing that came after it: so it still fits when
 * others have been applied meanwhile, as long as they left these places alone: where they did not there is nothing to offer.
 */
export const rollback: Propose = async ({ detection, config, written, textOf }) => {
  const { change } = detection.cause;
  if (change?.kind !== 'revision') return [];
  const number = Number(change.to);
  if (!Number.isSafeInteger(number) || number < 2) return [];
  const [bad, before] = await Promise.all([textOf(number), textOf(number - 1)]);
  if (bad === undefined || before === undefined) return [];
  const from: unknown = writtenOf(bad);
  const to: unknown = writtenOf(before);
  const operations = createPatch(from, to) as PatchOperation[];
  if (operations.length === 0 || !stands(tested(from, operations), written)) return [];
  const isLatest = createPatch(written, from).length === 0;
  return [
    {
      kind: 'rollback-config',
      title: `Revert revision ${number}${isLatest ? '' : ', keeping what came after it'}`,
      operations,
      risk: isLatest ? 'low' : 'medium',
      effort: 1,
      affects: 1,
      touches: await changedTraffic(from, to),
      // What it gave traffic to loses it again.
      ...movesFrom(detection, config),
      fit: 0.5 + change.score / 2,
    },
  ];
};

/** Whether all that the revision changed is still there as it made it, and nothing where it took something away. */
function stands(back: readonly PatchOperation[], written: unknown): boolean {
  const now = structuredClone(written);
  return back.every((operation) => {
    const { parent, value } = Pointer.fromJSON(operation.path).evaluate(now);
    const isTaken = operation.op === 'add' && !Array.isArray(parent) && value !== undefined;
    return !isTaken && applyPatch(now, [operation as Operation])[0] === null;
  });
}
