import type { Balanced, Member } from './balance/picker.ts';
import type { TargetState } from './target-state.ts';

/** A target of an upstream as the config has it, and how it is. */
export interface Weighted extends Balanced {
  readonly weight: number;
  readonly state: TargetState;
}

export interface AvailabilitySettings {
  /** Below this share of healthy targets all are used. 0: never. */
  panic: number;
  /** Milliseconds in which the weight of a target that came back grows to its whole. 0: at once. */
  slowStart: number;
}

/** Who may be picked now. */
export interface Availability<T extends Balanced> {
  readonly members: readonly Member<T>[];
  readonly isPanic: boolean;
  /** Milliseconds until a weight grows by itself; undefined if none does. */
  readonly growsInMs: number | undefined;
}

/** Steps in which a weight grows: few enough that pickers are seldom made anew. */
const STEPS = 10;

/**
 * Who may be picked, and with which weight. Too few healthy ones would break under everybody's load, and that many sick
 * ones are more likely a fault of the checks or of something behind them all: then all are used (panic mode, as in
 * Envoy). What an operator took out stays out.
 *
 * @param now milliseconds of the monotonic clock
 */
export function availability<T extends Weighted>(
  targets: readonly T[],
  { panic, slowStart }: AvailabilitySettings,
  now: number,
): Availability<T> {
  const admitted = targets.filter(
    ({ weight, state }) => weight > 0 && state.standing !== 'disabled' && state.standing !== 'draining',
  );
  const healthy = admitted.filter(({ state }) => state.standing === 'healthy');
  const isPanic = healthy.length < admitted.length * panic;
  let growsInMs: number | undefined;
  const members = (isPanic ? admitted : healthy).map((target) => {
    const age = now - target.state.cameBackAt;
    if (isPanic || age >= slowStart) return { target, weight: target.weight * STEPS };
    const step = Math.floor((age * STEPS) / slowStart);
    growsInMs = Math.min(growsInMs ?? slowStart, ((step + 1) * slowStart) / STEPS - age);
    return { target, weight: target.weight * Math.max(1, step) };
  });
  return { members, isPanic, growsInMs };
}
