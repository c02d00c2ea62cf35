import { lookup as lookUp } from 'node:dns/promises';
import { LRUCache } from 'lru-cache';
import type { Resolve } from './addresses.ts';
import { directResolve } from './direct-names.ts';

export interface SystemNamesOptions {
  /** As the system does: exact, and each question keeps a thread until the system has given up, which may take half a minute. */
  lookUp: Resolve;
  /** Past the system, without a thread. Fails for what it can't answer as the system would. */
  direct: Resolve;
  /** Questions that the system may be asked at once. */
  threads: number;
  /** Milliseconds after which the direct way is tried, too, and after which there is no answer. */
  helpAfterMs: number;
  giveUpAfterMs: number;
}

interface Question {
  readonly hostname: string;
  readonly isProven: boolean;
  begin(): void;
}

/** Names of which it is known that the system finds them quickly. */
const MOST_PROVEN = 10_000;

/**
 * Names as the system resolves them (hosts file, search domains, whatever else it knows), where those of a zone whose
 * servers are dead can't keep the others waiting. `getaddrinfo` has few threads for all of the process: names that were
 * not found quickly the last time have half of them at most, and who waits for one is helped past the system.
 */
export class SystemNames {
  readonly #options: SystemNamesOptions;
  readonly #asked = new Map<string, ReturnType<Resolve>>();
  readonly #proven = new LRUCache<string, true>({ max: MOST_PROVEN });
  readonly #waiting = new Set<Question>();
  readonly #running = new Set<Question>();

  constructor(options: SystemNamesOptions) {
    this.#options = options;
  }

  /** One question at a time for each name. */
  readonly resolve: Resolve = (hostname) => {
    const asked =
      this.#asked.get(hostname) ?? this.#resolve(hostname).finally(() => this.#asked.delete(hostname));
    this.#asked.set(hostname, asked);
    return asked;
  };

  async #resolve(hostname: string): ReturnType<Resolve> {
    const { direct, helpAfterMs, giveUpAfterMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<Resolve>>>();
    const question: Question = {
      hostname,
      isProven: this.#proven.has(hostname),
      begin: () => {
        this.#askSystem(question).then(resolve, reject);
      },
    };
    const help = setTimeout(() => {
      this.#proven.delete(hostname);
      // What it does not know the system may: that has the last word.
      direct(hostname).then(resolve, () => undefined);
    }, helpAfterMs);
    const deadline = setTimeout(
      () =>
        reject(
          Object.assign(new Error(`${hostname} is not resolved in time`), { code: 'EAI_AGAIN', hostname }),
        ),
      giveUpAfterMs,
    );
    this.#waiting.add(question);
    this.#next();
    try {
      return await promise;
    } finally {
      clearTimeout(help);
      clearTimeout(deadline);
      this.#waiting.delete(question);
    }
  }

  async #askSystem(question: Question): ReturnType<Resolve> {
    const { lookUp, helpAfterMs } = this.#options;
    const { hostname } = question;
    const begunAt = performance.now();
    try {
      const found = await lookUp(hostname);
      if (performance.now() - begunAt < helpAfterMs) this.#proven.set(hostname, true);
      return found;
    } finally {
      this.#running.delete(question);
      this.#next();
    }
  }

  #next(): void {
    const { threads } = this.#options;
    const mostUnproven = Math.max(1, Math.floor(threads / 2));
    for (const question of this.#waiting) {
      if (this.#running.size >= threads) return;
      const unproven = [...this.#running].filter(({ isProven }) => !isProven).length;
      if (!question.isProven && unproven >= mostUnproven) continue;
      this.#waiting.delete(question);
      this.#running.add(question);
      question.begin();
    }
  }
}

/** libuv gives slow work, of which names are, half of its threads. */
const slowThreads = (): number =>
  Math.max(1, Math.floor((Number(process.env.UV_THREADPOOL_SIZE ?? 4) + 1) / 2) || 2);

const names = new SystemNames({
  lookUp: (hostname) => lookUp(hostname, { all: true }),
  direct: directResolve(),
  threads: slowThreads(),
  helpAfterMs: 500,
  giveUpAfterMs: 10_000,
});

/** Of this process, whose threads they are. */
export const systemResolve: Resolve = names.resolve;
