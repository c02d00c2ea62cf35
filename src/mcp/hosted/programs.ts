import type { Readable } from 'node:stream';
import type { Transport } from '@modelcontextprotocol/client';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';
import type { McpServerConfig } from '../../config/schema/index.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ProgramTransport } from './program-transport.ts';
import { readWords } from './program-words.ts';
import { Shares } from './shares.ts';

const MINUTE_MS = 60_000;
/** How often it is looked whether a program still runs. */
const LOOK_MS = 1000;
/** A call that is ended leaves its program waiting: that one is ended then. Others may come in between. */
const TRIES = 4;

/**
 * The programs of one server that run in this process: so many at once, and no more often started again than the config
 * says when they end by themselves.
 */
export class Programs {
  readonly #name: string;
  readonly #config: McpServerConfig;
  readonly #log: Logger;
  readonly #now: () => number;
  #running = 0;
  /** When programs ended by themselves, within the last minute. */
  #ends: number[] = [];

  /** @param now monotonic milliseconds */
  constructor(name: string, config: McpServerConfig, log: Logger, now: () => number) {
    this.#name = name;
    this.#config = config;
    this.#log = log;
    this.#now = now;
  }

  /** Programs that wait for their next call, the longest first: each is ended by calling it. */
  readonly idle = new Set<() => Promise<void>>();

  /** Programs that sessions and calls hold, by whose they are. */
  readonly shares = new Shares();

  /** Ends a program that waits for a call, or else one of who has more, if there is no room for one more of a principal's. */
  async makeRoom(principal: string): Promise<void> {
    for (let tries = 0; tries < TRIES && this.#running >= this.#config.process.max; tries++) {
      const [oldest] = this.idle;
      if (oldest) await oldest();
      else if (!(await this.shares.makeRoom(principal))) return;
    }
  }

  get running(): number {
    return this.#running;
  }

  /**
   * A transport that starts the program when it is connected.
   * @throws GatewayError `mcp_process_unavailable`: too many run, or it keeps ending
   */
  open(): { transport: ProgramTransport; onEnd(wanted: boolean): void } {
    const { command = [], env, cwd, process: limits } = this.#config;
    const now = this.#now();
    this.#ends = this.#ends.filter((at) => now - at < MINUTE_MS);
    if (this.#running >= limits.max || this.#ends.length > limits.restarts) {
      const retryAfter =
        this.#running >= limits.max ? 1 : Math.ceil((MINUTE_MS - (now - (this.#ends[0] ?? now))) / 1000);
      throw new GatewayError('mcp_process_unavailable', { headers: { 'retry-after': String(retryAfter) } });
    }
    const [program = '', ...args] = command;
    const transport = new ProgramTransport({
      command: program,
      args,
      env: { ...getDefaultEnvironment(), ...env },
      ...(cwd !== undefined && { cwd }),
      stderr: 'pipe',
      maxBufferSize: this.#config.results.maxSize * 2,
    });
    readWords(transport.stderr as Readable, (line) =>
      this.#log.debug({ server: this.#name, line }, 'an MCP server says'),
    );
    const watch = this.#watch(transport);
    this.#running++;
    let isOver = false;
    return {
      transport,
      onEnd: (wanted) => {
        if (isOver) return;
        isOver = true;
        clearInterval(watch);
        this.#running--;
        if (wanted) return;
        // What it has begun does not outlive it.
        void transport.endGroup();
        this.#ends.push(this.#now());
        this.#log.warn({ server: this.#name }, 'the program of an MCP server has ended by itself');
      },
    };
  }

  /**
   * One that has ended is gone, also where children of its hold its pipes open: Node tells that they are closed only when
   * all have let go. Seen twice, so that its last words are read.
   */
  #watch(transport: ProgramTransport): NodeJS.Timeout {
    let wasGone = false;
    const look = (): void => {
      const { pid } = transport;
      const isGone = pid !== null && !isRunning(pid);
      if (isGone && wasGone) this.cutOff(transport);
      wasGone = isGone;
    };
    return setInterval(look, LOOK_MS).unref();
  }

  /** Ends the connection to a program whose pipes say nothing of its end. */
  cutOff(transport: Transport): void {
    const { onclose } = transport;
    // Its pipes may close later all the same.
    delete transport.onclose;
    onclose?.();
    transport
      .close()
      .catch((error: unknown) =>
        this.#log.warn({ err: error, server: this.#name }, 'the program of an MCP server could not be ended'),
      );
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
