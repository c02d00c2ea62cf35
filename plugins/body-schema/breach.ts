import type { ContractBreach, Exchange } from '../../src/contracts/exchange.ts';

/** Puts a broken schema into the request's record. */
export function recordBreach(exchange: Exchange, direction: ContractBreach['direction'], at: string): void {
  exchange.breaches ??= [];
  exchange.breaches.push({ direction, what: 'schema', at });
}
