import type { ContextFacts } from '../contracts/exchange.ts';
import { Counter, Histogram, type Registry, TOKEN_BUCKETS } from '../telemetry/metrics.ts';

/** What conversations show of themselves. */
export class ContextMeters {
  readonly #operations;
  readonly #continuity;
  readonly #tokens;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#operations = new Counter({
      name: 'gateway_context_operations_total',
      help: 'Operations on conversations, by what came of them.',
      labelNames: ['op', 'outcome'],
      registers,
    });
    this.#continuity = new Counter({
      name: 'gateway_context_continuity_total',
      help: 'Turns of conversations by how they went on; the cause where they did not.',
      labelNames: ['status', 'cause'],
      registers,
    });
    this.#tokens = new Histogram({
      name: 'gateway_context_tokens',
      help: 'Estimated tokens of what was remembered, at each turn.',
      buckets: TOKEN_BUCKETS,
      registers,
    });
  }

  operation(op: string, outcome: string): void {
    this.#operations.inc({ op, outcome });
  }

  turn({ status, cause }: Pick<ContextFacts, 'status' | 'cause'>, tokens: number): void {
    this.#continuity.inc({ status, cause });
    this.#tokens.observe(tokens);
  }
}
