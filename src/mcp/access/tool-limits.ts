import { hash } from 'node:crypto';
import type { McpServerConfig } from '../../config/schema/index.ts';
import type { Counters, Limit } from '../../contracts/store.ts';
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
   * Counts a call in. What it costs is known beforehand, so that it is taken at once.
   * @throws GatewayError `rate_limited` or `budget_spent`; nothing was counted then
   */
  async take(tool: string, principal: string): Promise<void> {
    const config = Object.hasOwn(this.#tools, tool) ? this.#tools[tool] : undefined;
    if (config === undefined) return;
    // Limits of one step share what a step takes: calls are taken with calls, money with money.
    await this.#takeOf(tool, principal, 'rate_limited', rateOf(config), 1);
    await this.#takeOf(tool, principal, 'budget_spent', callsOf(config), 1);
    await this.#takeOf(tool, principal, 'budget_spent', moneyOf(config), Math.ceil(config.usd * MICRO));
  }

  async #takeOf(
    tool: string,
    principal: string,
    code: 'rate_limited' | 'budget_spent',
    limit: (Omit<Limit, 'key'> & { key: string; isShared?: boolean }) | undefined,
    cost: number,
  ): Promise<void> {
    if (limit === undefined || cost === 0) return;
    const { isShared, key, ...rest } = limit;
    // Digested: names of tools and consumers may be as long as they like.
    const of = hash('sha256', JSON.stringify([this.#server, tool, isShared ? '' : principal]), 'base64url');
    let waitMs: number;
    try {
      const taken = this.#counters.take(`mcp ${of}`, [{ key, ...rest }], cost);
      waitMs = (taken instanceof Promise ? await taken : taken)[0]?.waitMs ?? 0;
    } catch (error) {
      this.#onUnavailable(error as Error);
      return;
    }
    if (waitMs <= 0) return;
    throw new GatewayError(code, {
      headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) },
    });
  }
}

const windowOf = (key: string, limit: number, windowMs: number) => ({
  key: `${key} ${limit} ${windowMs}`,
  algorithm: 'sliding-window' as const,
  limit,
  windowMs: Math.ceil(windowMs),
  burst: limit,
});

const rateOf = ({ rateLimit: limit }: ToolConfig) =>
  limit && { ...windowOf('rate', limit.limit, limit.window), isShared: limit.per === 'tool' };

const callsOf = ({ budget }: ToolConfig) =>
  budget?.calls === undefined
    ? undefined
    : { ...windowOf('calls', budget.calls, budget.per), algorithm: 'fixed-window' as const };

const moneyOf = ({ budget }: ToolConfig) =>
  budget?.usd === undefined
    ? undefined
    : { ...windowOf('usd', Math.round(budget.usd * MICRO), budget.per), algorithm: 'fixed-window' as const };
