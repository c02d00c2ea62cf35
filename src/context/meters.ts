import { Counter, DURATION_BUCKETS, Histogram, type Registry, TOKEN_BUCKETS } from '../telemetry/metrics.ts';

/** What conversations show of themselves. */
export class ContextMeters {
  readonly #operations;
  readonly #untold;
  readonly #continuity;
  readonly #tokens;
  readonly #spent;
  readonly #stored;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#operations = new Counter({
      name: 'gateway_context_operations_total',
      help: 'Operations on conversations, by what came of them.',
      labelNames: ['op', 'outcome'],
      registers,
    });
    this.#untold = new Counter({
      name: 'gateway_context_operations_untold_total',
      help: 'Operations on conversations that have no line in the log, as too many came at once.',
      registers,
    });
    this.#continuity = new Counter({
      name: 'gateway_context_continuity_total',
      help: 'Turns of conversations by how they went on, once they are stored (`stale`: a `hit` that others came before), and the cause where they did not. Without a turn: answers given again (`replay`), calls while the store is down (`degraded`), and clients that left the id away (`client_dropped_id`).',
      labelNames: ['status', 'cause'],
      registers,
    });
    this.#tokens = new Histogram({
      name: 'gateway_context_tokens',
      help: 'Estimated tokens of what was remembered, at each turn.',
      buckets: TOKEN_BUCKETS,
      registers,
    });
    this.#spent = new Histogram({
      name: 'gateway_context_turn_seconds',
      help: 'Time that answered turns have waited for their conversation: read (what was said before: asked of the store, and put together; recall is in it), commit (the turn: written to the store, or left for later).',
      labelNames: ['part'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#stored = new Counter({
      name: 'gateway_context_stored_tokens_total',
      help: 'Estimated tokens of what calls have stored of their turns.',
      registers,
    });
  }

  operation(op: string, outcome: string): void {
    this.#operations.inc({ op, outcome });
  }

  untold(): void {
    this.#untold.inc();
  }

  /** @param cause '' where it was kept */
  continuity(status: string, cause: string): void {
    this.#continuity.inc({ status, cause });
  }

  /** @param tokens of the conversation, before the turn */
  remembered(tokens: number): void {
    this.#tokens.observe(tokens);
  }

  /** What a turn's client has waited, in milliseconds. */
  waited(part: 'read' | 'commit', milliseconds: number): void {
    this.#spent.observe({ part }, milliseconds / 1000);
  }

  stored(tokens: number): void {
    this.#stored.inc(tokens);
  }
}
