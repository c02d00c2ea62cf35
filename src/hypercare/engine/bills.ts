import type { Bill } from '../../contracts/engine.ts';
import type { Counts } from '../signals/counts.ts';
import { billDifference } from './money.ts';
import type { Suspicion } from './suspicion.ts';

/** Providers whose bills are kept. */
const MOST = 200;

/** Bills that are not what the ledger says, by provider, until one comes that is. */
export class Bills {
  readonly #wrong = new Map<string, Suspicion>();
  readonly #own = new Map<string, Bill>();

  /** @param isOwn whether it came to this replica, which tells the others */
  take(counts: Counts, bill: Bill, isOwn = true): void {
    const { provider } = bill;
    if (isOwn && this.#own.size < MOST) this.#own.set(provider, bill);
    const suspicion = billDifference(counts, bill);
    if (!suspicion) this.#wrong.delete(provider);
    else this.resume(provider, suspicion);
  }

  /** One that was found before a restart is no other since. */
  resume(provider: string, suspicion: Suspicion): void {
    if (this.#wrong.size < MOST || this.#wrong.has(provider)) this.#wrong.set(provider, suspicion);
  }

  get suspicions(): Iterable<Suspicion> {
    return this.#wrong.values();
  }

  /** Those that came since it was asked last. */
  takeOwn(): Bill[] {
    const own = [...this.#own.values()];
    this.#own.clear();
    return own;
  }
}
