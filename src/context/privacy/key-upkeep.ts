import { StoreUnavailable } from '../../contracts/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { Gauge, type Registry } from '../../telemetry/metrics.ts';
import type { WrappedKeys } from './vault.ts';

/** Milliseconds. A store that has lost its keys is told them again, and a changed secret counts for everybody, within this. */
const EVERY_MS = 60_000;

export interface KeyUpkeepPorts {
  /** Looks after them once. @throws StoreUnavailable */
  renew(): Promise<WrappedKeys>;
  readonly log: Logger;
}

/** Looks after the keys of those who say nothing just then, too. */
export class KeyUpkeep {
  readonly #ports: KeyUpkeepPorts;
  readonly #timer: NodeJS.Timeout;
  /** Undefined before the first whole look. */
  #found: WrappedKeys | undefined;
  #running: Promise<void> | undefined;

  constructor(registry: Registry, ports: KeyUpkeepPorts) {
    this.#ports = ports;
    const found = () => this.#found;
    new Gauge({
      name: 'gateway_context_keys',
      help: 'Consumers with keys of their own, by the secret that wraps those: current = that of context.privacy.encryptWith, former = one of decryptWith, unknown = one that the config does not have; damaged = they are not what was written.',
      labelNames: ['secret'],
      aggregator: 'max',
      registers: [registry],
      collect() {
        for (const [secret, count] of Object.entries(found() ?? {})) this.set({ secret }, count);
      },
    });
    this.#timer = setInterval(() => void this.look(), EVERY_MS).unref();
    void this.look();
  }

  /** Once, now; at most one at a time. */
  look(): Promise<void> {
    this.#running ??= this.#look().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #look(): Promise<void> {
    const { log, renew } = this.#ports;
    try {
      const found = await renew();
      if (found.unknown > (this.#found?.unknown ?? 0))
        log.error(
          { consumers: found.unknown },
          'the keys of some consumers are wrapped by a secret that the config does not have: put it into context.privacy.decryptWith',
        );
      if (found.damaged > (this.#found?.damaged ?? 0))
        log.error({ consumers: found.damaged }, 'the keys of some consumers were changed in the store');
      this.#found = found;
    } catch (error) {
      // That it is away the store itself says; the next look finds it again.
      if (!(error instanceof StoreUnavailable)) log.error({ err: error }, 'the keys can’t be looked after');
    }
  }
}
