import { MemoryCounters } from '../stores/memory/counters.ts';

/** Of all addresses together, in a minute. Each of them may try ten times. */
const MOST = 100;
const WINDOW_MS = 60_000;

/** Which refused requests the audit log tells: wrong tokens, but no more of them than somebody reads. */
export class FailedLogins {
  readonly #told: MemoryCounters;

  constructor(now: () => number = Date.now) {
    this.#told = new MemoryCounters({ now, maxKeys: 1 });
  }

  /** @param outcome what the request was refused for: a code of the error table */
  isOne(outcome: string): boolean {
    return outcome === 'auth_token_invalid' && this.#told.add('all', 1, WINDOW_MS).value <= MOST;
  }
}
