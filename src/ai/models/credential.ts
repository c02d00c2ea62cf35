import type { HeaderBag } from '../../contracts/policy.ts';
import type { ProviderSettings } from '../../contracts/provider.ts';
import { type Cursor, rotation } from '../../upstream/rotation.ts';
import type { Rest } from './rest.ts';

/** A key of a provider, as one deployment shows it. */
export interface Credential {
  /** '' where the provider has but one. */
  readonly id: string;
  readonly weight: number;
  /** The provider's, with this key. */
  readonly settings: ProviderSettings;
  /** What the provider's requests are sent with, to be known by. */
  readonly headers: Readonly<HeaderBag>;
  /** This key for this model. */
  readonly limit: Rest;
  /** This key, whatever it is used for. */
  readonly account: Rest;
}

/** When it may be used again: monotonic milliseconds; 0 = now. */
export const restsUntil = ({ limit, account }: Credential): number => Math.max(limit.until, account.until);

/** The keys of a deployment, which take turns by weight. Those that rest are passed over. */
export class Credentials {
  readonly all: readonly Credential[];
  readonly #order: readonly number[];
  readonly #cursor: Cursor;

  /** @param all at least one */
  constructor(all: readonly Credential[], cursor: Cursor) {
    this.all = all;
    this.#order = rotation(all.map(({ weight }) => weight));
    this.#cursor = cursor;
  }

  /** The one whose turn it is; undefined if all rest or were tried. */
  next(tried: ReadonlySet<Credential>): Credential | undefined {
    for (let turns = 0; turns < this.#order.length; turns++) {
      const at = this.#cursor.next % this.#order.length;
      this.#cursor.next = at + 1;
      const credential = this.all[this.#order[at] as number] as Credential;
      if (restsUntil(credential) === 0 && !tried.has(credential)) return credential;
    }
    return undefined;
  }

  /** Whether `next` would find one. */
  has(tried: ReadonlySet<Credential>): boolean {
    return this.all.some((each) => each.weight > 0 && restsUntil(each) === 0 && !tried.has(each));
  }

  /** Of those that have a turn the one that rests for the shortest time still; undefined if none has. */
  leastBad(): Credential | undefined {
    let best: Credential | undefined;
    // One of no weight was taken out, and may be anybody's by now: it is shown to nobody, however ready it is.
    for (const each of this.all)
      if (each.weight > 0 && (!best || restsUntil(each) < restsUntil(best))) best = each;
    return best;
  }
}
