import { type LoadedConfig, loadConfig, type PolicySchemas } from '../config/load.ts';
import { ConfigError, formatProblems } from '../config/problems.ts';
import type { Revisions } from '../config/revisions.ts';
import { type ConfigWatch, watchConfig } from '../config/watch.ts';
import type { Meters } from '../record/meters.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Reload } from './reload.ts';

export interface ServedFileParts {
  file: string;
  env: Readonly<Record<string, string | undefined>>;
  policies: PolicySchemas;
  revisions: Revisions;
  reload: Reload;
  meters: Meters;
  log: Logger;
}

/** The configuration file as it is in service: read, put into service, and followed as it changes. */
export class ServedFile {
  readonly #parts: ServedFileParts;
  readonly #saidInactive = new Set<string>();
  #loaded: LoadedConfig;
  #reading: Promise<boolean> = Promise.resolve(true);
  #watch: ConfigWatch | undefined;

  /** @param loaded what the process was started from */
  constructor(loaded: LoadedConfig, parts: ServedFileParts) {
    this.#loaded = loaded;
    this.#parts = parts;
  }

  /** What serves. */
  get loaded(): LoadedConfig {
    return this.#loaded;
  }

  /** Its number. */
  get revision(): number {
    return this.#parts.reload.revision;
  }

  /** Names the revision that serves, as an entity tag of RFC 9110: replicas may give one number to different texts. */
  get etag(): string {
    return `"${this.revision}-${this.#loaded.hash.slice(0, 12)}"`;
  }

  /** Puts what the process was started from into service. @throws what the build says */
  start(): Promise<void> {
    return this.#apply(this.#loaded);
  }

  /** Applies the file whenever it is saved. */
  async watch(): Promise<void> {
    const { file, log } = this.#parts;
    this.#watch = watchConfig(file, () => void this.reload(), {
      files: this.#loaded.files,
      onError: (error) => log.error({ err: error }, 'the config file can no longer be watched'),
    });
    await this.#watch.ready;
    // What was saved between the first read and now.
    await this.reload();
  }

  /**
   * Reads the file and puts it into service. One at a time: what is read last is applied last.
   * @returns false if it was refused; the log says why, and what served goes on serving
   */
  reload(): Promise<boolean> {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  async close(): Promise<void> {
    await this.#watch?.close();
    await this.#reading;
  }

  async #read(): Promise<boolean> {
    const { file, env, policies, meters, log } = this.#parts;
    try {
      const revised = loadConfig({ file, env, policies });
      this.#watch?.follow(revised.files);
      if (revised.fingerprint !== this.#loaded.fingerprint) await this.#apply(revised);
      return true;
    } catch (error) {
      meters.reloads.inc({ outcome: 'refused' });
      if (error instanceof ConfigError) {
        this.#watch?.follow(error.files);
        const problems = formatProblems(error).split('\n');
        log.error({ problems }, 'the new config is refused; the last good one serves');
      } else {
        log.error({ err: error }, 'the new config could not be built; the last good one serves');
      }
      return false;
    }
  }

  async #apply(revised: LoadedConfig): Promise<void> {
    const { reload, revisions, log } = this.#parts;
    await reload.apply(revised.config, async () => {
      const { text, hash } = revised;
      const { number, isStored } = await revisions.record({ text, hash, author: 'file' });
      if (!isStored)
        log.warn({ revision: number }, 'the store is down: this revision is kept in memory only');
      return number;
    });
    this.#loaded = revised;
    for (const { key, line, what, effect } of revised.inactive) {
      if (this.#saidInactive.has(key)) continue;
      this.#saidInactive.add(key);
      log.warn({ key, line, what, effect }, 'not active in this version');
    }
  }
}
