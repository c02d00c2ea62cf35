import type { Documents } from '../contracts/store.ts';
import { randomHex } from '../lib/request-id.ts';

const COLLECTION = 'hypercare-leases';
/** Long enough for a slow store, short enough that another takes over soon. */
const LEASE_MS = 30_000;

interface LeaseDocument {
  holder: string;
  /** Milliseconds since the epoch. */
  until: number;
}

/** One of the replicas that share a store does what must be done once: whoever holds the lease. */
export class Leader {
  readonly #documents: Documents;
  readonly #name: string;
  readonly #now: () => number;
  readonly #me = randomHex(8);
  #until = 0;
  #since = Number.POSITIVE_INFINITY;

  constructor(documents: Documents, name: string, now: () => number) {
    this.#documents = documents;
    this.#name = name;
    this.#now = now;
  }

  /** Whether it is this process, as far as it knows without asking. */
  get isLeader(): boolean {
    return this.#now() < this.#until;
  }

  /** When it was this process from then on, the last time, in milliseconds since the epoch; `Infinity`: it never was. */
  get since(): number {
    return this.#since;
  }

  /**
   * Takes the lease, or holds it for another while.
   * @returns whether it is this process. False also where the store is away: then nobody can write, either.
   */
  async renew(): Promise<boolean> {
    const now = this.#now();
    try {
      const found = await this.#documents.get<LeaseDocument>(COLLECTION, this.#name);
      const isFree =
        !found ||
        found.value.holder === this.#me ||
        found.value.until <= now ||
        this.#isAhead(found.value, now);
      if (!isFree) {
        this.#until = 0;
        return false;
      }
      const lease = { holder: this.#me, until: now + LEASE_MS };
      const put = await this.#documents.put(COLLECTION, this.#name, lease, {
        ifVersion: found?.version ?? 0,
      });
      // The clock may have been set back.
      if (put.ok) this.#since = this.isLeader ? Math.min(this.#since, now) : now;
      this.#until = put.ok ? lease.until : 0;
      return put.ok;
    } catch {
      this.#until = 0;
      return false;
    }
  }

  /** Lets others have it at once. @throws StoreUnavailable */
  async resign(): Promise<void> {
    if (!this.isLeader) return;
    this.#until = 0;
    const found = await this.#documents.get<LeaseDocument>(COLLECTION, this.#name);
    if (found?.value.holder === this.#me)
      await this.#documents.delete(COLLECTION, this.#name, { ifVersion: found.version });
  }

  /** Whether a clock that was set back makes the lease last longer than any can. */
  #isAhead({ until }: LeaseDocument, now: number): boolean {
    return until > now + 2 * LEASE_MS;
  }
}
