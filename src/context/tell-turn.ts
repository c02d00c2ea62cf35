import type { ContextFacts } from '../contracts/exchange.ts';
import type { CommitOptions, Committed, SessionRef } from '../contracts/session.ts';
import type { Whose } from './commit-anew.ts';
import type { ContextMeters } from './meters.ts';
import type { OperationLog } from './operation-log.ts';
import { type TurnOfRow, turnRow, versionIn } from './operation-rows.ts';

/** What is known of a turn beside itself when it was answered. It says nothing of what was said: it may wait for long. */
export interface Answered extends Whose {
  /** How its conversation went on, as its client was told. */
  readonly facts?: Pick<ContextFacts, 'status' | 'cause' | 'base'>;
  /** Estimated tokens of what was remembered before it. */
  readonly remembered?: number;
  /** What is kept of its answer is the beginning. */
  readonly isCut?: boolean;
}

/** `behind`: it waits for the store. `erased`: it did, and was dropped. */
export type Became = Committed | { readonly kind: 'behind' | 'erased' };

interface TellingPorts {
  readonly meters: ContextMeters;
  readonly operations: OperationLog;
}

/**
 * Tells what became of a turn: in the log, and, once it is there, how its conversation went on. Of one that is never there the
 * latter is not told: it has no version, and is no turn. For after the answer.
 * @param ms what it took
 */
export function tellTurn(
  { meters, operations }: TellingPorts,
  {
    ref,
    turn,
    answered,
  }: { readonly ref: SessionRef; readonly turn: TurnOfRow; readonly answered: Answered },
  became: Became,
  ms: number,
): void {
  const isAsked = turn.kind === 'turn';
  operations.note({
    op: isAsked ? 'append' : 'items',
    ...turnRow(ref, answered.owner, turn, versionIn(became)),
    duration_ms: ms,
    outcome: isAsked ? outcomeOf(turn, answered, became) : became.kind,
  });
  if (became.kind !== 'committed') return;
  meters.stored(turn.tokens);
  const { facts, remembered = 0 } = answered;
  if (!isAsked || !facts) return;
  const { status, cause } = continuityOf(facts, turn, became);
  meters.continuity(status, cause);
  meters.remembered(remembered);
}

/**
 * Tells of turns that were answered and committed together, the last of them by a client that has waited for it.
 * @param written what became of them, up to the first that has no place: those behind it have none either; undefined: they wait
 */
export function tellTurns(
  ports: TellingPorts,
  { ref, turns, answered }: { ref: SessionRef; turns: readonly CommitOptions[]; answered: Answered },
  written: readonly Committed[] | undefined,
  { readMs, commitMs }: Pick<ContextFacts, 'readMs' | 'commitMs'>,
): void {
  ports.meters.waited('read', readMs);
  ports.meters.waited('commit', commitMs);
  for (const [at, { turn }] of turns.entries()) {
    const became: Became = written?.[at] ?? written?.at(-1) ?? { kind: 'behind' };
    tellTurn(ports, { ref, turn, answered }, became, readMs + commitMs);
  }
}

/** That it has not seen another counts for more than how it ended, where the next prompt has it. */
const isStale = ({ status }: TurnOfRow, became: Became): boolean =>
  became.kind === 'committed' && became.staleBase && status !== 'failed';

function outcomeOf(turn: TurnOfRow, { isCut = false }: Answered, became: Became): string {
  if (became.kind !== 'committed') return became.kind;
  if (isCut) return 'cut';
  return isStale(turn, became) ? 'stale' : turn.status;
}

/**
 * Whether a turn goes on from what it was made from. Its client was told what was known when it began; meanwhile others may have
 * come between, or the store may have lost what was before it.
 */
function continuityOf(
  { status, cause, base }: NonNullable<Answered['facts']>,
  turn: TurnOfRow,
  became: Extract<Became, { kind: 'committed' }>,
): { status: string; cause: string } {
  if (!isStale(turn, became)) return { status, cause };
  const why = became.version <= base ? 'version_regressed' : 'stale_base';
  return { status: status === 'hit' ? 'stale' : status, cause: cause === '' ? why : cause };
}
