import type { ConfigDesk } from '../config/desk.ts';
import type { DiffLine } from '../config/diff.ts';
import { type LoadedConfig, readConfigText } from '../config/load.ts';
import { ConfigError, formatProblems } from '../config/problems.ts';
import { refuseMasks } from '../config/refuse-masks.ts';
import type { Revisions } from '../config/revisions.ts';
import { type ConfigWatch, watchConfig } from '../config/watch.ts';
import { writeWhole } from '../config/write-file.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { ChannelError } from '../lib/channel.ts';
import type { Meters } from '../record/meters.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Reload } from './reload.ts';

export interface ServedFileParts {
  file: string;
  env: Readonly<Record<string, string | undefined>>;
  desk: ConfigDesk;
  revisions: Revisions;
  reload: Reload;
  meters: Meters;
  log: Logger;
}

/** A change that somebody other than the file's author wants. */
export interface Proposal {
  author: string;
  note: string;
  /** Whether the revision with this entity tag is the one that the change is meant for. */
  matches(etag: string): boolean;
  /** The new text, made from the one that serves. */
  text(current: string): string;
  /** What its author wrote himself, as YAML or JSON; null: it is one that has served already. See `movedSecrets`. */
  written: string | null;
  /** Only tells what would come of it. */
  dryRun: boolean;
}

export interface Revised {
  /** Of the revision that serves now. */
  number: number;
  hash: string;
  etag: string;
  /** False: a dry run, or there is no difference. */
  isNew: boolean;
  diff: DiffLine[];
  /** Keys of the text whose values count from the next start on only. */
  needsRestart: string[];
  /** Whether the file says what serves; if not, why. */
  file: { isWritten: boolean; reason: string };
}

/**
 * The configuration file as it is in service: read, put into service, and followed as it changes. Operators revise it
 * through here too, so that file and service agree (docs/decisions: admin revisions are written to the file).
 */
export class ServedFile {
  readonly #parts: ServedFileParts;
  readonly #said = new Set<string>();
  #loaded: LoadedConfig;
  /** What the file held when it was last put into service or overruled: as long as it says the same, it says nothing. */
  #settled: string;
  #turns: Promise<unknown> = Promise.resolve();
  #watch: ConfigWatch | undefined;

  /** @param loaded what the process was started from */
  constructor(loaded: LoadedConfig, parts: ServedFileParts) {
    this.#loaded = loaded;
    this.#settled = loaded.text;
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

  /** Keys of what serves whose values count from the next start on only. */
  get needsRestart(): string[] {
    return this.#parts.reload.needsRestart(this.#loaded.config);
  }

  /** Names the revision that serves, as an entity tag of RFC 9110: replicas may give one number to different texts. */
  get etag(): string {
    return `"${this.revision}-${this.#loaded.hash.slice(0, 12)}"`;
  }

  /** Puts what the process was started from into service. @throws what the build says */
  start(): Promise<void> {
    return this.#apply(this.#loaded, 'file');
  }

  /** Applies the file whenever it is saved. */
  async watch(): Promise<void> {
    const { file, log } = this.#parts;
    this.#watch = watchConfig(file, () => void this.reload(), {
      files: this.#loaded.files,
      onError: (error) => log.error({ err: error }, 'the config file can no longer be watched'),
      onUnreadable: (path, error) =>
        log.error(
          { err: error, file: path },
          'a file of the config can’t be read: what it holds does not count',
        ),
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
    return this.#inTurn(() => this.#read());
  }

  /**
   * Puts another text into service and into the file, if it still is what the proposal is meant for.
   * @throws ConfigError, whatever `text` throws, GatewayError revision_changed, config_file_differs, config_invalid or
   * worker_unresponsive (the process that reads it, or one that serves, has died over it)
   */
  revise(proposal: Proposal): Promise<Revised> {
    return this.#inTurn(() => this.#revise(proposal));
  }

  /**
   * Builds what serves anew and puts it into service, under its number.
   * @throws GatewayError config_invalid if it can't be built any more, worker_unresponsive; what served goes on serving
   */
  renew(): Promise<void> {
    return this.#inTurn(async () => {
      const { reload, meters } = this.#parts;
      try {
        await reload.renew();
      } catch (error) {
        meters.reloads.inc({ outcome: 'refused' });
        throw notBuilt(error);
      }
    });
  }

  async close(): Promise<void> {
    await this.#watch?.close();
    await this.#turns;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turns.then(work);
    this.#turns = result.catch(() => undefined);
    return result;
  }

  async #read(): Promise<boolean> {
    const { file, env, desk, meters, log } = this.#parts;
    try {
      const onDisk = readConfigText(file);
      // What `${…}` reads may have changed under a text that an operator has put above the file's.
      const text = onDisk === this.#settled ? this.#loaded.text : onDisk;
      const revised = await desk.load({ file, text, env });
      this.#watch?.follow(revised.files);
      if (revised.fingerprint !== this.#loaded.fingerprint) await this.#apply(revised, 'file');
      this.#settled = onDisk;
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

  async #revise(proposal: Proposal): Promise<Revised> {
    const { file, env, desk, reload, meters } = this.#parts;
    if (!proposal.matches(this.etag)) throw new GatewayError('revision_changed');
    const onDisk = textOf(file);
    if (onDisk !== undefined && onDisk !== this.#settled) throw new GatewayError('config_file_differs');
    const before = this.#loaded.text;
    const text = proposal.text(before);
    try {
      if (text !== before) refuseMasks(text, file);
      const { written: said } = proposal;
      const change = said === null || text === before ? undefined : { from: before, written: said };
      const revised = await desk.load({ file, text, env, change });
      const diff = await desk.diff(before, text);
      const isNew = text !== before && !proposal.dryRun;
      if (proposal.dryRun) await reload.tryOut(revised.config);
      else if (isNew) await this.#apply(revised, proposal.author, proposal.note);
      const written = isNew ? await this.#write(text, onDisk) : { isWritten: onDisk === before, reason: '' };
      return {
        number: this.revision,
        hash: revised.hash,
        etag: this.etag,
        isNew,
        diff,
        needsRestart: reload.needsRestart(revised.config),
        file: written,
      };
    } catch (error) {
      if (!proposal.dryRun) meters.reloads.inc({ outcome: 'refused' });
      throw error instanceof ConfigError ? error : notBuilt(error);
    }
  }

  /** Never fails: what serves serves, and the answer and the log say that the file says something else. */
  async #write(text: string, onDisk: string | undefined): Promise<Revised['file']> {
    const { file, log } = this.#parts;
    this.#watch?.follow(this.#loaded.files);
    // To build a revision may take a while. What was saved meanwhile is the later word: it is still to be read.
    const now = textOf(file);
    if (now !== undefined && now !== (onDisk ?? this.#settled)) {
      log.warn({ file }, 'the config file was saved while a revision was built: it is not overwritten');
      return {
        isWritten: false,
        reason: 'it was saved meanwhile: what it says now counts as soon as it is read',
      };
    }
    try {
      await writeWhole(file, text);
      this.#settled = text;
      return { isWritten: true, reason: '' };
    } catch (error) {
      if (onDisk !== undefined) this.#settled = onDisk;
      log.warn({ err: error, file }, 'the config file can not be written: at the next start it counts again');
      return { isWritten: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #apply(revised: LoadedConfig, author: string, note = ''): Promise<void> {
    const { reload, revisions, meters, log } = this.#parts;
    await reload.apply(revised.config, author, async () => {
      const { text, hash } = revised;
      const { number, isStored } = await revisions.record({ text, hash, author, note });
      if (!isStored)
        log.warn({ revision: number }, 'the store is down: this revision is kept in memory only');
      return number;
    });
    this.#loaded = revised;
    meters.serves(revised.hash);
    for (const { key, line, what, effect } of revised.inactive) {
      if (this.#said.has(key)) continue;
      this.#said.add(key);
      log.warn({ key, line, what, effect }, 'not active in this version');
    }
    for (const { key, line, message } of revised.warnings) {
      const said = `${key} ${message}`;
      if (this.#said.has(said)) continue;
      this.#said.add(said);
      log.warn({ key, line, what: message }, 'valid, and worth a look');
    }
  }
}

function notBuilt(error: unknown): GatewayError {
  const detail = error instanceof Error ? error.message : String(error);
  const code = error instanceof ChannelError ? 'worker_unresponsive' : 'config_invalid';
  return new GatewayError(code, { detail, cause: error });
}

/** What the file holds; undefined if it can't be read at the moment. */
function textOf(file: string): string | undefined {
  try {
    return readConfigText(file);
  } catch {
    return undefined;
  }
}
