import type { OnStateChange } from '../contracts/state-change.ts';
import type { Upstream } from './upstream.ts';

/**
 * The upstreams of the process by name. Of several generations' the newest one stands for the name, so that one that
 * only drains is neither shown nor heard.
 */
export class UpstreamRegistry {
  readonly #onChange: OnStateChange;
  /** Those of every generation alive, the newest last. */
  readonly #entered = new Map<string, Upstream[]>();
  readonly #panicking = new Set<string>();

  constructor(onChange: OnStateChange) {
    this.#onChange = onChange;
  }

  /** @returns what takes it out again */
  enter(upstream: Upstream): () => void {
    const { name } = upstream;
    const entered = this.#entered.get(name) ?? [];
    this.#entered.set(name, entered);
    entered.push(upstream);
    upstream.onPanic = () => this.#notePanic(name);
    this.#notePanic(name);
    return () => {
      entered.splice(entered.indexOf(upstream), 1);
      if (entered.length === 0) this.#entered.delete(name);
      this.#notePanic(name);
    };
  }

  /** The upstream that stands for a name now. */
  get(name: string): Upstream | undefined {
    return this.#entered.get(name)?.at(-1);
  }

  /** One for each name. */
  all(): Upstream[] {
    return [...this.#entered.values()].flatMap((entered) => entered.slice(-1));
  }

  #notePanic(name: string): void {
    const upstream = this.get(name);
    const isPanic = upstream?.isPanic ?? false;
    if (isPanic === this.#panicking.has(name)) return;
    if (isPanic) this.#panicking.add(name);
    else this.#panicking.delete(name);
    const [from, to] = isPanic ? ['off', 'on'] : ['on', 'off'];
    const reason = isPanic ? 'too few targets are healthy: all are used' : 'enough targets are healthy';
    this.#onChange({ at: Date.now(), kind: 'panic', subject: name, from, to, reason, by: 'gateway' });
  }
}
