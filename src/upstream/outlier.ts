import type { TargetState } from './target-state.ts';

/** When a target's own answers take it out. Times in milliseconds. */
export interface OutlierSettings {
  consecutiveFailures: number;
  /** The first time out; each one in a row lasts twice as long as the one before. */
  eject: number;
  /** Longest time out. */
  maxEject: number;
  /** Largest share of the targets that may be out at once. */
  maxEjected: number;
}

/**
 * Takes targets out that fail again and again (passive health, as Envoy's outlier detection). One that is back is on
 * probation: its first failure takes it out again. For every `eject` of good conduct one ejection is forgotten.
 */
export class Outlier {
  readonly #settings: OutlierSettings;
  readonly #states: readonly TargetState[];
  readonly #most: number;
  readonly #now: () => number;

  /** @param states of all targets of the upstream, those that are not to be judged included */
  constructor(settings: OutlierSettings, states: readonly TargetState[], now: () => number) {
    this.#settings = settings;
    this.#states = states;
    this.#now = now;
    // A share of few is at least one, but the only target is never out: nobody would be served better.
    const share = Math.floor(states.length * settings.maxEjected);
    this.#most = states.length < 2 || settings.maxEjected === 0 ? 0 : Math.max(1, share);
  }

  /** Whether one more may be out. */
  get hasRoom(): boolean {
    return this.#states.filter(({ isEjected }) => isEjected).length < this.#most;
  }

  /** After a failure of the target. */
  judge(state: TargetState): void {
    const { consecutiveFailures, eject, maxEject } = this.#settings;
    if (state.failures < (state.isOnProbation ? 1 : consecutiveFailures) || state.isEjected) return;
    if (!this.hasRoom) return;
    // Conduct is good once there was a success.
    const livedDown = state.isOnProbation ? 0 : Math.floor((this.#now() - state.returnedAt) / eject);
    const count = Math.max(0, state.ejections - livedDown) + 1;
    const forMs = Math.min(maxEject, eject * 2 ** (count - 1));
    const reason = `${state.failures} ${state.failures === 1 ? 'failure' : 'failures in a row'}, ejection ${count}, for ${forMs} ms`;
    state.apply({ kind: 'ejection', to: 'ejected', forMs, count, reason, by: 'gateway' });
  }
}
