import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { StdioClientTransport, type StdioServerParameters } from '@modelcontextprotocol/client/stdio';
import { endGroup } from '../../lib/process-group.ts';

/**
 * A program that is spoken to over stdio, with all that it begins: it leads a process group of its own, which ends with it. The
 * package's transport ends the program alone, and what that has begun would live on, and hold its pipes open.
 *
 * The package can't be told to make a group. `setsid` (util-linux, busybox) makes one and becomes the program, so that its
 * process id is the group's; where there is none (macOS, Windows) the program ends alone as before.
 */
export class ProgramTransport extends StdioClientTransport {
  readonly #leads: boolean;
  #group: number | undefined;

  constructor(program: StdioServerParameters) {
    const led = inOwnGroup(program);
    super(led);
    this.#leads = led.command === setsid();
    this.#takeInTurn();
  }

  override async start(): Promise<void> {
    await super.start();
    if (this.#leads) this.#group = this.pid ?? undefined;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.endGroup();
  }

  /**
   * Messages that came in one piece are handed on one after the other, each once what the one before has begun has had its
   * turn: the package reads notifications a moment later than answers, so that an answer right behind the last progress of its
   * call would overtake it, and that progress would be nobody's.
   */
  #takeInTurn(): void {
    let turn = Promise.resolve();
    let inTurn: StdioClientTransport['onmessage'];
    Object.defineProperty(this, 'onmessage', {
      get: () => inTurn,
      set: (take: typeof inTurn) => {
        inTurn =
          take &&
          ((message) => {
            turn = turn.then(() => take(message)).catch((error: unknown) => this.onerror?.(error as Error));
          });
      },
    });
  }

  /** Ends what the program has begun and left behind. */
  async endGroup(): Promise<void> {
    const group = this.#group;
    // At once: the number may be another's when it is asked for again.
    this.#group = undefined;
    if (group !== undefined) await endGroup(group);
  }
}

// To find out which revision a program speaks the package starts one to try, of the same class, and ends it by this method
// of its own: only where a class has it itself.
const { _dispose: dispose } = StdioClientTransport.prototype as unknown as { _dispose?(): Promise<void> };
if (dispose)
  Object.defineProperty(ProgramTransport.prototype, '_dispose', {
    async value(this: ProgramTransport) {
      await dispose.call(this);
      await this.endGroup();
    },
  });

function inOwnGroup(program: StdioServerParameters): StdioServerParameters {
  const { command, args = [], env } = program;
  const leader = setsid();
  // One that is not there is better said by Node itself.
  const isThere = command.includes('/')
    ? isExecutable(resolve(program.cwd ?? '.', command))
    : onPath(command, env?.PATH);
  if (leader === undefined || command === leader || !isThere) return program;
  return { ...program, command: leader, args: [command, ...args] };
}

let found: { readonly setsid: string | undefined } | undefined;
function setsid(): string | undefined {
  found ??= { setsid: onPath('setsid', process.env.PATH) };
  return found.setsid;
}

function onPath(name: string, path = process.env.PATH ?? ''): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
