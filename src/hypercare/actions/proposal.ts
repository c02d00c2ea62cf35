import type { PatchOperation } from '../../config/json-patch.ts';
import type { ActionKind } from '../../config/schema/hypercare.ts';
import type { GatewayConfig } from '../../config/schema/index.ts';
import type { Detection } from '../../contracts/finding.ts';
import type { Dimension, Scope } from '../../contracts/signal.ts';
import type { LiveCall, Touched } from '../findings/finding.ts';
import type { LivePort } from '../ports.ts';

/** What fits a finding, before it is tried out. */
export interface Proposal {
  readonly kind: ActionKind;
  readonly title: string;
  /** On the config as it is written; `prepare` puts the tests before them. */
  readonly operations?: readonly PatchOperation[];
  readonly call?: LiveCall;
  readonly undo?: LiveCall;
  /** The same for a part of the traffic. */
  readonly canary?: { readonly operations: readonly PatchOperation[]; readonly scopes: readonly Scope[] };
  readonly risk: 'low' | 'medium' | 'high';
  readonly effort: number;
  /** Share of the traffic of the place that it touches, from 0 to 1. */
  readonly affects: number;
  /** All that it touches, at the finding's place and elsewhere. */
  readonly touches: readonly Touched[];
  /** Of an action that takes the place's traffic away: where that goes, and is proven. Absent: it stays. */
  readonly movesTo?: readonly Scope[];
  /** Ticks until it has taken effect: what comes before that proves nothing. Absent: at once. */
  readonly settles?: number;
  /** How well it fits, from 0 to 1: the best is offered first. */
  readonly fit: number;
}

/** What a proposal is made from. */
export interface World {
  readonly detection: Detection;
  readonly config: GatewayConfig;
  /** The config's text as plain values, `${…}` unresolved. */
  readonly written: unknown;
  readonly live: Pick<LivePort, 'targets'>;
  textOf(revision: number): Promise<string | undefined>;
}

export type Propose = (world: World) => readonly Proposal[] | Promise<readonly Proposal[]>;

/** All that passes at places. */
export const allOf = (...scopes: readonly Scope[]): Touched[] => scopes.map((scope) => ({ scope, part: 1 }));

/** Of what passes at the place, what is bad. */
export const badOf = ({ where: { scopes }, impact }: Detection): Touched[] =>
  (scopes.length === 0 ? [{}] : scopes).map((scope) => ({ scope, part: impact.share }));

/** Values of a dimension over all scopes of the place. */
export const valuesOf = ({ where }: Detection, dimension: Dimension): string[] => [
  ...new Set(where.scopes.flatMap((scope) => scope[dimension] ?? [])),
];

/** The value where all scopes agree on one; undefined if they don't. */
export function onlyValue(detection: Detection, dimension: Dimension): string | undefined {
  const values = valuesOf(detection, dimension);
  return values.length === 1 ? values[0] : undefined;
}

/** A JSON pointer (RFC 6901). */
export const pointer = (...steps: readonly (string | number)[]): string =>
  steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** What stands there in plain values; undefined where nothing does. */
export function at(value: unknown, ...steps: readonly (string | number)[]): unknown {
  return steps.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step)
        ? (inner as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
}

/** Writes a value where one stands, or puts it there together with the maps on the way that are missing. */
export function setting(
  written: unknown,
  steps: readonly (string | number)[],
  value: unknown,
): PatchOperation {
  if (at(written, ...steps) !== undefined) return { op: 'replace', path: pointer(...steps), value };
  let inner = value;
  let upto = steps.length - 1;
  while (upto > 0 && at(written, ...steps.slice(0, upto)) === undefined) {
    inner = { [steps[upto] as string]: inner };
    upto -= 1;
  }
  return { op: 'add', path: pointer(...steps.slice(0, upto + 1)), value: inner };
}
