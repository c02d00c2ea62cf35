import type { OnStateChange } from '../../contracts/state-change.ts';
import { PeakEwma } from '../../lib/peak-ewma.ts';
import type { Load } from '../../upstream/balance/picker.ts';
import { Rest } from './rest.ts';

/** Milliseconds: models are asked seldom, and one that is shunned is tried again after some minutes. */
const DECAY_MS = 60_000;

/** What the process knows of one deployment: how busy, how fast, and whether it is left alone. It outlives generations. */
export class DeploymentState implements Load {
  inFlight = 0;
  /** Failures since the last answer. */
  failures = 0;
  /** As a whole, whichever key is shown. */
  readonly rest: Rest;
  readonly #latency = new PeakEwma(DECAY_MS);

  constructor(name: string, onChange: OnStateChange) {
    this.rest = new Rest(name, onChange);
  }

  /** Milliseconds to the first token, or to the answer where it isn't streamed. */
  latency(now: number): number {
    return this.#latency.at(now);
  }

  /** It has answered. */
  answered(ms: number, now: number): void {
    this.failures = 0;
    this.#latency.observe(ms, now);
  }

  /** It has said what is wrong with a request: that takes no time to speak of, and it is up. */
  refused(now: number): void {
    this.failures = 0;
    this.held(now);
  }

  /** It has said something that tells neither how quick it is nor whether it is up. */
  held(now: number): void {
    this.#latency.hold(now);
  }

  failed(ms: number, now: number): void {
    this.failures++;
    this.#latency.failed(ms, now);
  }

  /** Its client left before it had answered. */
  tookAtLeast(ms: number, now: number): void {
    this.#latency.tookAtLeast(ms, now);
  }
}
