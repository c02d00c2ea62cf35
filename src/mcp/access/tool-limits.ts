import { hash } from 'node:crypto';
import type { McpServerConfig } from '../../config/schema/index.ts';
import type { Counters, Limit, LimitState } from '../../contracts/store.ts';
import { GatewayError } from '../../errors/gateway-error.ts';

type ToolConfig = McpServerConfig['tools'][string];
/** Money is counted in millionths of a dollar. */
const MICRO = 1_000_000;

/** Keeps a caller to what the config lets them call of a tool: how often, and for how much. */
export class ToolLimits {
  readonly #server: string;
  readonly #tools: Readonly<Record<string, ToolConfig>>;
  readonly #counters: Counters;
  readonly #onUnavailable: (error: Error) => void;

  /** @param onUnavailable told when the store could not be asked: the call goes on then, as with any rate limit */
  constructor(
    server: string,
    tools: Readonly<Record<string, ToolConfig>>,
    counters: Counters,
    onUnavailable: (error: Error) => void,
  ) {
    this.#server = server;
    this.#tools = tools;
    this.#counters = counters;
    this.#onUnavailable = onUnavailable;
  }

  /**
   * Counts a call in, in one step: what it costs is known beforehand, so that it is taken at once.
   * @throws GatewayError `rate_limited` or `budget_spent`; nothing was counted then. StoreUnavailable: its budget wants it so
   */
  async take(tool: string, principal: string): Promise<void> {
    const config = Object.hasOwn(this.#tools, tool) ? this.#tools[tool] : undefined;
    const limits = config && limitsOf(config, principal);
    if (config === undefined || limits === undefined || limits.length === 0) return;
    // Digested: names of tools and consumers may be as long as they like.
    const scope = `mcp ${digestOf([this.#server, tool])}`;
    let states: readonly LimitState[];
    try {
      const taken = this.#counters.take(
        scope,
        limits.map(({ limit }) => limit),
        costOf(config),
      );
      states = taken instanceof Promise ? await taken : taken;
    } catch (error) {
      if (config.budget?.onStoreDown === 'deny') throw error;
      this.#onUnavailable(error as Error);
      return;
    }
    const refusing = states.findIndex(({ waitMs }) => waitMs > 0);
    const refusal = limits[refusing];
    if (refusal === undefined) return;
    const waitMs = Math.max(...states.map((state) => state.waitMs));
    throw new GatewayError(refusal.code, {
      headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) },
    });
  }
}

interface Taken {
  readonly code: 'rate_limited' | 'budget_spent';
  readonly limit: Limit;
}

const digestOf = (parts: readonly string[]): string => hash('sha256', JSON.stringify(parts), 'base64url');

/** What a call takes of each of its limits. Limits of one step share it, so that all are counted in money where one is. */
const costOf = ({ usd, budget }: ToolConfig): number =>
  budget?.usd === undefined || usd === 0 ? 1 : Math.ceil(usd * MICRO);

function limitsOf(config: ToolConfig, principal: string): Taken[] {
  const { rateLimit, budget, usd } = config;
  const cost = costOf(config);
  const own = digestOf([principal]);
  const of = (name: string, who: string, most: number, windowMs: number): Omit<Limit, 'algorithm'> => {
    const limit = Math.min(most, Number.MAX_SAFE_INTEGER);
    const window = Math.ceil(windowMs);
    return { key: `${name} ${limit} ${window}\n${who}`, limit, windowMs: window, burst: limit };
  };
  const taken: Taken[] = [];
  if (rateLimit) {
    const who = rateLimit.per === 'tool' ? '' : own;
    const limit = of('rate', who, rateLimit.limit * cost, rateLimit.window);
    taken.push({ code: 'rate_limited', limit: { ...limit, algorithm: 'sliding-window' } });
  }
  const spent = (name: string, most: number | undefined): void => {
    if (budget === undefined || most === undefined) return;
    const limit = of(name, own, most, budget.per);
    taken.push({ code: 'budget_spent', limit: { ...limit, algorithm: 'fixed-window' } });
  };
  spent('calls', budget?.calls === undefined ? undefined : budget.calls * cost);
  if (usd > 0) spent('usd', budget?.usd === undefined ? undefined : Math.round(budget.usd * MICRO));
  return taken;
}
