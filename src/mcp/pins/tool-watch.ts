import type { Tool } from '@modelcontextprotocol/server';
import type { McpServerConfig } from '../../config/schema/index.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Pins } from './pins.ts';
import { type CheckedResult, ResultSchemas } from './result-schemas.ts';
import { RoutedTools } from './routed-tools.ts';

/** A server that did not say which tools it has is asked again after so long at the earliest. */
const RETRY_MS = 5000;

export interface ToolWatchOptions {
  readonly name: string;
  readonly config: Pick<McpServerConfig, 'pin' | 'tools' | 'inspect'>;
  readonly pins: Pins;
  readonly log: Logger;
  readonly clock: { monotonic(): number };
  /** All tools that the server has now. */
  list(): Promise<Tool[]>;
  /** Whether a look now and then is worth its cost: a program would have to be started for it. */
  isRunning(): boolean;
}

/**
 * Sees to it that the tools of a server are looked at, whether or not a client lists them: before the first call, now and
 * then, and when the server says that they have changed.
 */
export class ToolWatch {
  readonly #options: ToolWatchOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #results: ResultSchemas;
  readonly #routed = new RoutedTools();
  #isSeen = false;
  #failedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(options: ToolWatchOptions) {
    this.#options = options;
    this.#results = new ResultSchemas(options.name, options.log);
    if (options.config.pin === 'off') return;
    const look = (): void => {
      if (options.isRunning()) void this.look();
    };
    this.#timer = setInterval(look, options.config.inspect).unref();
  }

  /**
   * Looks at tools as a client has listed them.
   * @param isWhole whether these are all
   * @returns names of those that are out of use
   * @throws StoreUnavailable
   */
  async check(tools: readonly Tool[], isWhole: boolean): Promise<ReadonlySet<string>> {
    const { name, config, pins } = this.#options;
    this.#results.learn(tools);
    this.#routed.learn(tools);
    if (config.pin === 'off') return new Set();
    const changed = await pins.check(name, tools, (tool) => this.#configured(tool));
    if (isWhole) this.#isSeen = true;
    return config.pin === 'enforce' ? changed : new Set();
  }

  /**
   * Whether a tool is out of use. What nobody has looked at in this process is looked at first.
   * @throws StoreUnavailable: it is not known what it was
   */
  async isOutOfUse(tool: string): Promise<boolean> {
    const { name, config, pins, clock } = this.#options;
    if (config.pin !== 'enforce') return false;
    if (!this.#isSeen && clock.monotonic() - this.#failedAt > RETRY_MS) await this.look();
    // The config says what it has to be, and nobody knows what it is.
    if (!this.#isSeen && this.#configured(tool) !== undefined) return true;
    return pins.isChanged(name, tool);
  }

  /** How a result is not what its tool has said that it answers; undefined if it is, or nobody has seen what it said. */
  breachOf(tool: string, result: CheckedResult): string | undefined {
    return this.#results.breachOf(tool, result);
  }

  /** Whether a tool has said that it answers something else than an object. */
  isNoObject(tool: string): boolean {
    return this.#results.isNoObject(tool);
  }

  /** A tool that wants arguments in headers, with them; undefined if it does not, or nobody has seen it. */
  routedBy(tool: string): Tool | undefined {
    return this.#routed.of(tool);
  }

  /** The server says that its tools have changed. */
  onListChanged(): void {
    if (this.#options.config.pin !== 'off') void this.look();
  }

  /** Has the server list its tools. That it could not is logged; calls go by what is known then. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { name, log, clock, list } = this.#options;
    try {
      await this.check(await list(), true);
    } catch (error) {
      this.#failedAt = clock.monotonic();
      log.warn({ err: error, server: name }, 'the tools of an MCP server could not be looked at');
    }
  }

  #configured(tool: string): string | undefined {
    const { tools } = this.#options.config;
    return Object.hasOwn(tools, tool) ? tools[tool]?.sha256 : undefined;
  }
}
