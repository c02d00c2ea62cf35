import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type ConfigDesk, deskHere } from '../config/desk.ts';
import { FINGERPRINT_KEY, type PolicySchemas } from '../config/load.ts';
import { ConfigError } from '../config/problems.ts';
import { Channel, ChannelError } from '../lib/channel.ts';
import { patientNiceness } from '../lib/niceness.ts';
import { unpack } from '../lib/packed.ts';
import type { ReadingSide } from './config-process.ts';

/** Characters of a text that is read in the time that it takes to hand it over: some 15 ms. */
const SMALL = 8_000;
/** Milliseconds: an operator who saves once saves again, and a process takes 100 MB. */
const IDLE_MS = 30_000;
/** One thread that compiles and collects for it, not four: each has its share of the core. */
const FEW_THREADS = ['--v8-pool-size=1'];
/** Milliseconds that an answer may take: there may be little left of the core. */
const ANSWER_WITHIN_MS = 300_000;
/** Processes that are tried: one may be killed for the memory that another takes. */
const ATTEMPTS = 2;

/** A desk in a process of its own, which is there while it is used. Small texts are not worth the way. */
export function openConfigDesk(policies: PolicySchemas): ConfigDesk {
  const here = deskHere(policies);
  let reader: Reader | undefined;

  async function ask<T>(question: (channel: Channel<ReadingSide, object>) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      reader = reader?.isThere ? reader : new Reader();
      try {
        return await reader.use(question);
      } catch (error) {
        if (!(error instanceof ChannelError) || attempt === ATTEMPTS) throw error;
        await reader.end();
      }
    }
  }

  return {
    async load(draft) {
      if (draft.text.length <= SMALL) return here.load(draft);
      const read = await ask((each) =>
        each.ask('load', { ...draft, fingerprintKey: FINGERPRINT_KEY }, ANSWER_WITHIN_MS),
      );
      if ('loaded' in read) return { ...read.loaded, config: unpack(read.config) };
      throw new ConfigError(read.problems, read.files);
    },
    diff: (before, after) =>
      before.length + after.length <= SMALL
        ? here.diff(before, after)
        : ask((each) => each.ask('diff', [before, after], ANSWER_WITHIN_MS)),
    masked: (text) =>
      text.length <= SMALL ? here.masked(text) : ask((each) => each.ask('masked', text, ANSWER_WITHIN_MS)),
    async close() {
      await reader?.end();
    },
  };
}

/** A process that reads, until nobody has asked it for a while. */
class Reader {
  readonly #process: ChildProcess;
  readonly #channel: Channel<ReadingSide, object>;
  readonly #ended: Promise<unknown>;
  #idle: NodeJS.Timeout | undefined;
  #asked = 0;

  constructor() {
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    const entry = new URL(`./config-process${extension}`, import.meta.url);
    const reader = fork(fileURLToPath(entry), [], {
      execArgv: FEW_THREADS,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process = reader;
    // Who serves goes first, also where both have one core. Before it has made threads: they inherit it.
    if (reader.pid !== undefined) setPriority(reader.pid, patientNiceness());
    this.#channel = new Channel<ReadingSide, object>(
      {
        send: (message) => void (reader.connected && reader.send(message as object)),
        onMessage: (take) => void reader.on('message', take),
      },
      {},
    );
    // One that could not be started has ended, too: why, the channel says to whoever asks.
    this.#ended = once(reader, 'exit').catch(() => undefined);
    reader.on('error', (error) =>
      this.#channel.close(`the process that reads configurations: ${error.message}`),
    );
    reader.once('exit', (code, signal) =>
      this.#channel.close(`the process that reads configurations has ended (${signal ?? code})`),
    );
  }

  get isThere(): boolean {
    return this.#process.connected;
  }

  /** Asks something; it is not ended meanwhile. */
  async use<T>(question: (channel: Channel<ReadingSide, object>) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    this.#asked++;
    try {
      return await question(this.#channel);
    } finally {
      this.#asked--;
      if (this.#asked === 0) this.#idle = setTimeout(() => void this.end(), IDLE_MS).unref();
    }
  }

  async end(): Promise<void> {
    clearTimeout(this.#idle);
    if (this.#process.connected) this.#process.disconnect();
    await this.#ended;
  }
}
