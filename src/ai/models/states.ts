import type { OnStateChange } from '../../contracts/state-change.ts';
import { type Lease, Leases } from '../../lib/leases.ts';
import { Gauge, type Registry } from '../../telemetry/metrics.ts';
import { DeploymentState } from './deployment-state.ts';
import { Rest } from './rest.ts';

/** A target of a model as the metrics show it: it is cooling while any of its rests lasts. */
export interface Shown {
  readonly model: string;
  /** `provider/model`, with `#id` behind it where the provider has several keys. */
  readonly target: string;
  readonly rests: readonly Rest[];
}

/** What the process knows of deployments and keys, whichever generation uses them. */
export class ModelStates {
  readonly #onChange: OnStateChange;
  readonly #deployments = new Leases<DeploymentState>((state) => state.rest.close());
  readonly #rests = new Leases<Rest>((rest) => rest.close());
  readonly #shown = new Set<Shown>();

  constructor(registry: Registry, onChange: OnStateChange) {
    this.#onChange = onChange;
    const shown = this.#shown;
    new Gauge({
      name: 'gateway_ai_target_cooling',
      help: '1 while a target of a model is left alone, by why: rate_limited, quota_spent, auth_failed, down.',
      labelNames: ['model', 'target', 'reason'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { model, target, rests } of shown)
          for (const { reason } of rests) if (reason !== '') this.set({ model, target, reason }, 1);
      },
    });
  }

  /**
   * @param identity the same for what is the same in every generation
   * @param name for people
   */
  deployment(identity: string, name: string): Lease<DeploymentState> {
    return this.#deployments.lease(identity, () => new DeploymentState(name, this.#onChange));
  }

  rest(identity: string, name: string): Lease<Rest> {
    return this.#rests.lease(identity, () => new Rest(name, this.#onChange));
  }

  /** @returns what takes it out of the metrics again */
  show(target: Shown): () => void {
    this.#shown.add(target);
    return () => this.#shown.delete(target);
  }
}
