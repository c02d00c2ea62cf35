import { promptChanges } from '../ai/prompts/changes.ts';
import type { GatewayConfig } from '../config/schema/index.ts';
import type { OnStateChange } from '../contracts/state-change.ts';
import { releaseChanges } from '../hypercare/engine/release-changes.ts';
import type { Meters } from '../record/meters.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { CertificateWatch } from './certificate-watch.ts';
import { Generation, type GenerationPlan } from './generation.ts';
import type { Listener } from './listener.ts';
import { keysThatWait } from './restart-keys.ts';
import { ServerCertificates } from './server-certificates.ts';

export interface ReloadPorts {
  listener: Listener;
  meters: Meters;
  log: Logger;
  onChange: OnStateChange;
  certificates: CertificateWatch;
  plan(config: GatewayConfig): GenerationPlan;
  /** Told what serves from now on. */
  onServe(config: GatewayConfig): void;
  /** Builds the same in the processes that share the work. @throws what the first of them says against it */
  prepareElsewhere?(config: GatewayConfig): Promise<Prepared>;
}

/** A revision that is built and waits to serve. */
export interface Prepared {
  /** From now on it serves. Only before `discard`. */
  serve(revision: number): void | Promise<void>;
  /** It will not serve. */
  discard(): Promise<void>;
}

/** Puts revisions into service, one at a time, whole or not at all. */
export class Reload {
  readonly #ports: ReloadPorts;
  readonly #alive = new Set<Generation>();
  /** What the process was started with. */
  #started: GatewayConfig | undefined;
  #serving: { config: GatewayConfig; generation: Generation } | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(ports: ReloadPorts) {
    this.#ports = ports;
  }

  /** What serves; undefined: nothing does yet. */
  get config(): GatewayConfig | undefined {
    return this.#serving?.config;
  }

  /** Number of the revision that serves; 0: none does yet. */
  get revision(): number {
    return this.#serving?.generation.revision ?? 0;
  }

  /** How many generations are alive: the one that serves and those that still drain. */
  get generations(): number {
    return this.#alive.size;
  }

  /** The keys of a config that differ from what the process was started with and can't change while it runs. */
  needsRestart(config: GatewayConfig): string[] {
    return this.#started === undefined ? [] : keysThatWait(this.#started, config);
  }

  /** The revision that serves goes by another number: its own was taken while the store was down. */
  renumber(revision: number): void {
    if (this.#serving) this.#serving.generation.revision = revision;
    this.#ports.meters.revision.set(revision);
  }

  /**
   * Builds a generation beside the one that serves, and swaps.
   * @param by who wants it: `file`, or the name of an operator
   * @param number asked for once it is built: only what can serve becomes a revision
   * @throws what the build says; the generation that served goes on serving
   */
  apply(config: GatewayConfig, by: string, number: () => Promise<number>): Promise<void> {
    return this.#inTurn(() => this.#apply(config, by, number));
  }

  /**
   * Builds what serves anew and swaps, as a reload does in which everything stays as it was: no change is told of.
   * @throws what the build says; the generation that served goes on serving
   */
  renew(): Promise<void> {
    return this.#inTurn(async () => {
      const { config } = this;
      if (!config) return;
      const revision = await this.#replace(config, async () => this.revision);
      this.#ports.log.info({ revision }, 'revision serves anew');
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Builds a generation and throws it away. @throws what the build says */
  async tryOut(config: GatewayConfig): Promise<void> {
    await (await this.prepare(config)).discard();
  }

  /** Builds a generation beside the one that serves. @throws what the build says */
  async prepare(config: GatewayConfig): Promise<Prepared> {
    const certificates = config.server.tls && new ServerCertificates(config.server.tls);
    const generation = await Generation.build(this.#ports.plan(config));
    return {
      serve: (revision) => this.#serve({ config, generation }, revision, certificates),
      discard: () => generation.dispose(),
    };
  }

  async #apply(config: GatewayConfig, by: string, number: () => Promise<number>): Promise<void> {
    const { log } = this.#ports;
    const before = this.#serving;
    const revision = await this.#replace(config, number);
    const from = before ? String(before.generation.revision) : '';
    if (before) {
      const said = this.needsRestart(before.config);
      for (const key of this.needsRestart(config)) {
        if (!said.includes(key))
          log.warn({ key }, 'changed in the config, but takes effect only at the next start');
      }
    }
    log.info({ revision }, before ? 'new revision serves' : 'revision serves');
    this.#ports.onChange({
      at: Date.now(),
      kind: 'revision',
      subject: 'config',
      from,
      to: String(revision),
      reason: 'applied',
      by,
    });
    for (const change of before ? promptChanges(before.config.ai, config.ai) : []) {
      this.#ports.onChange({ at: Date.now(), kind: 'prompt', ...change, by });
    }
    for (const change of before ? releaseChanges(before.config, config) : []) {
      this.#ports.onChange({ at: Date.now(), kind: 'release', ...change, by });
    }
  }

  /** @returns the number of what serves now */
  async #replace(config: GatewayConfig, number: () => Promise<number>): Promise<number> {
    const { meters, prepareElsewhere } = this.#ports;
    const here = await this.prepare(config);
    const elsewhere = await prepareElsewhere?.(config).catch(async (error: unknown) => {
      await here.discard();
      throw error;
    });
    const revision = await number().catch(async (error: unknown) => {
      await Promise.all([here.discard(), elsewhere?.discard()]);
      throw error;
    });
    this.#started ??= config;
    await here.serve(revision);
    await elsewhere?.serve(revision);
    meters.reloads.inc({ outcome: 'applied' });
    return revision;
  }

  #serve(
    serving: { config: GatewayConfig; generation: Generation },
    revision: number,
    certificates: ServerCertificates | undefined,
  ): void {
    const { listener, meters } = this.#ports;
    const { config, generation } = serving;
    generation.serve(revision);
    const before = listener.swap(generation);
    if (certificates) this.#use(certificates);
    this.#serving = serving;
    this.#ports.onServe(config);
    this.#alive.add(generation);
    meters.generations.set(this.#alive.size);
    meters.revision.set(revision);
    if (before) this.#retire(before, config.server.timeouts.drain);
  }

  #use(certificates: ServerCertificates): void {
    this.#ports.listener.useCertificates(certificates);
    this.#ports.certificates.use(certificates);
    this.#ports.meters.tls.useCertificates(certificates.all);
  }

  #retire(generation: Generation, drainMs: number): void {
    const { meters, log } = this.#ports;
    generation
      .retire(drainMs)
      .catch((error: unknown) =>
        log.error({ err: error, revision: generation.revision }, 'a generation was not disposed of cleanly'),
      )
      .finally(() => {
        this.#alive.delete(generation);
        meters.generations.set(this.#alive.size);
      });
  }

  /** Disposes of every generation: the process ends. */
  async close(): Promise<void> {
    await this.#queue;
    await Promise.all([...this.#alive].map((generation) => generation.dispose()));
  }
}
