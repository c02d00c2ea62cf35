import { HyperLogLog } from '../../lib/hyperloglog.ts';

/** What an address or a consumer's addresses did, in a tick. */
export interface Crowd {
  readonly addresses: HyperLogLog;
  requests: number;
  /** Of them, those that this replica itself has seen. */
  own: number;
}

/** Who called in whose name, a tick at a time. */
export class Crowds {
  #now = new Map<number, Crowd>();

  /** By consumer's number, since the tick began. */
  get now(): ReadonlyMap<number, Crowd> {
    return this.#now;
  }

  /** A request here. @param client its address as a number; 0: not known */
  add(consumer: number, client: number): void {
    const crowd = this.#of(consumer);
    crowd.requests++;
    crowd.own++;
    if (client !== 0) crowd.addresses.add(client);
  }

  /** Who called at another replica in a consumer's name. */
  merge(consumer: number, requests: number, addresses: HyperLogLog): void {
    const crowd = this.#of(consumer);
    crowd.requests += requests;
    crowd.addresses.merge(addresses);
  }

  /** The tick is over: those of it, which nobody adds to any more. */
  take(): ReadonlyMap<number, Crowd> {
    const over = this.#now;
    this.#now = new Map();
    return over;
  }

  #of(consumer: number): Crowd {
    let crowd = this.#now.get(consumer);
    if (!crowd) {
      crowd = { addresses: new HyperLogLog(), requests: 0, own: 0 };
      this.#now.set(consumer, crowd);
    }
    return crowd;
  }
}
