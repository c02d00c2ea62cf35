import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport } from '@modelcontextprotocol/client';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';
import type { McpServerConfig } from '../../config/schema/index.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { type Share, shareOf } from '../../lib/share.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ProgramTransport } from './program-transport.ts';
import { readWords } from './program-words.ts';
import { Shares } from './shares.ts';

const MINUTE_MS = 60_000;
/** How often it is looked whether a program still runs. */
const LOOK_MS = 1000;
/** So long is waited for a program that is busy, and it is looked so often whether it is free. */
const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 50;

interface ProgramsPorts {
  readonly log: Logger;
  readonly clock: { monotonic(): number };
  /** Which of the processes that carry the same traffic this is. */
  readonly share: Share;
}

/**
 * The programs of one server that run in this process: its part of how many the config lets run at once, and no more often
 * started again than it says when they end by themselves.
 */
export class Programs {
  readonly #name: string;
  readonly #config: McpServerConfig;
  readonly #max: number;
  readonly #log: Logger;
  readonly #now: () => number;
  #running = 0;
  /** When programs ended by themselves, within the last minute. */
  #ends: number[] = [];

  constructor(name: string, config: McpServerConfig, { log, clock, share }: ProgramsPorts) {
    this.#name = name;
    this.#config = config;
    this.#max = shareOf(config.process.max, share);
    this.#log = log;
    this.#now = clock.monotonic;
  }

  /** Programs that wait for their next call, the longest first: each is ended by calling it. */
  readonly idle = new Set<() => Promise<void>>();

  /** Programs that sessions and calls hold, by whose they are. */
  readonly shares = new Shares();

  get running(): number {
    return this.#running;
  }

  /**
   * A transport that starts the program when it is connected. Where there is no room, a program that waits for a call is
   * ended for it, or else one of who has more; if all are busy, one of them is waited for.
   * @throws GatewayError `mcp_process_unavailable`: all stay busy, or it keeps ending
   */
  async open(principal: string): Promise<{ transport: ProgramTransport; onEnd(wanted: boolean): void }> {
    this.#checkEnds();
    await this.#takePlace(principal);
    const { command = [], env, cwd } = this.#config;
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

  #checkEnds(): void {
    const now = this.#now();
    this.#ends = this.#ends.filter((at) => now - at < MINUTE_MS);
    const [first = now] = this.#ends;
    if (this.#ends.length > this.#config.process.restarts) throw unavailable(MINUTE_MS - (now - first));
  }

  async #takePlace(principal: string): Promise<void> {
    let until = this.#now() + PATIENCE_MS;
    // What is ended for one may be taken by another who comes in between: nobody has a place before it is counted.
    while (this.#running >= this.#max) {
      const [longest] = this.idle;
      if (longest) await longest();
      else if (!(await this.shares.makeRoom(principal))) {
        if (this.#now() >= until) throw unavailable(1000);
        await sleep(LOOK_AGAIN_MS);
        continue;
      }
      // How long one took to end is not the patience of who waits for its place.
      until = this.#now() + PATIENCE_MS;
    }
    this.#running++;
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

const unavailable = (retryAfterMs: number): GatewayError =>
  new GatewayError('mcp_process_unavailable', {
    headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) },
  });

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
