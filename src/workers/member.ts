import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Channel } from '../lib/channel.ts';
import type { PrimarySide, WorkerSide } from './messages.ts';
import { wholeLines } from './whole-lines.ts';

/** How long a worker that was told to exit may take, in milliseconds. */
const EXIT_WITHIN_MS = 2_000;

/** One worker process, as the primary sees it. */
export class Member {
  readonly channel: Channel<WorkerSide, PrimarySide>;
  /** Resolves when it has ended and its last line has been read: with how it ended. */
  readonly ended: Promise<string>;
  readonly bornAt: number = performance.now();
  /** Whether it has been given what to serve: from then on it is told what the others find. */
  hasBooted = false;
  /** Whether it listens. */
  isServing = false;
  /** Why it was ended, where that says more than how it did. */
  fault: string | undefined;
  /** Unique in this process; no other has it afterwards. */
  readonly id: number;
  /** From 0 on: which part of what all may do together is its own. */
  readonly place: number;
  readonly #process: ChildProcess;

  /**
   * @param id of none before it
   * @param place of none beside it
   * @param entry module that the process runs
   * @param ours what it may ask
   * @param writeLine takes its log
   */
  constructor(
    { id, place }: { id: number; place: number },
    entry: URL,
    ours: PrimarySide,
    writeLine: (line: string) => void,
  ) {
    this.id = id;
    this.place = place;
    // Not node:cluster: a connection that its primary has handed to a worker which dies before it takes it stays open
    // for ever. Each worker listens by itself (SO_REUSEPORT).
    this.#process = fork(fileURLToPath(entry), [], {
      // Configurations and figures hold more than JSON can say (Infinity).
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    if (this.#process.stdout) wholeLines(this.#process.stdout, writeLine);
    // A message to one that has just died is lost with it.
    this.#process.on('error', () => undefined);
    this.channel = new Channel<WorkerSide, PrimarySide>(
      {
        send: (message) => void (this.#process.connected && this.#process.send(message as object)),
        onMessage: (take) => void this.#process.on('message', take),
      },
      ours,
    );
    // Before its output has been read to the end: whoever waits for an answer need not wait for that.
    this.#process.once('exit', () => this.channel.close('the worker has ended'));
    this.ended = new Promise((resolve) =>
      this.#process.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`)),
    );
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** It runs no more. What it has written may still be read: `ended` waits for that. */
  get isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Ends a worker on which nothing runs any more. */
  async exit(): Promise<void> {
    this.channel.tell('exit', undefined);
    const timer = setTimeout(() => this.kill(), EXIT_WITHIN_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** @param fault for which it has to go */
  kill(fault?: string): void {
    this.fault ??= fault;
    this.#process.kill('SIGKILL');
  }
}
