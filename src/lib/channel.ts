/** What carries messages between two processes. */
export interface Port {
  send(message: unknown): void;
  onMessage(take: (message: unknown) => void): void;
}

type Body<F> = F extends (body: infer B) => unknown ? B : never;
type Answer<F> = F extends (body: never) => infer R ? Awaited<R> : never;
type Name<T> = keyof T & string;

type Message =
  | { readonly ask: string; readonly id: number | undefined; readonly body: unknown }
  | { readonly answer: number; readonly body: unknown }
  | { readonly answer: number; readonly error: SentError };

/** What of an error crosses to the other process. */
interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of a system call that failed: its code, and what it was about. */
  readonly details: Readonly<Record<string, unknown>>;
}

interface Waiting {
  readonly timer: NodeJS.Timeout;
  resolve(answer: never): void;
  reject(error: Error): void;
}

/** The other process did not answer: it has ended, or it hangs. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
}

/**
 * Questions and answers between two processes, in order. `Theirs` and `Ours` are what each side can be asked: functions
 * of one structured-cloneable value.
 */
export class Channel<Theirs extends object, Ours extends object> {
  readonly #port: Port;
  readonly #ours: Ours;
  readonly #waiting = new Map<number, Waiting>();
  #closed: Error | undefined;
  #asked = 0;

  constructor(port: Port, ours: Ours) {
    this.#port = port;
    this.#ours = ours;
    port.onMessage((message) => this.#take(message as Message));
  }

  /** @returns the answer; fails with what the other side threw, or with a `ChannelError` */
  ask<K extends Name<Theirs>>(what: K, body: Body<Theirs[K]>, withinMs: number): Promise<Answer<Theirs[K]>> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new ChannelError(`no answer to ${what} within ${withinMs} ms`));
      }, withinMs);
      this.#waiting.set(id, { timer, resolve, reject });
      this.#send({ ask: what, id, body });
    });
  }

  /** Says something that wants no answer. To one that has ended it says nothing. */
  tell<K extends Name<Theirs>>(what: K, body: Body<Theirs[K]>): void {
    if (!this.#closed) this.#send({ ask: what, id: undefined, body });
  }

  /** The other side has ended: whoever waits for it waits no more. */
  close(reason: string): void {
    this.#closed ??= new ChannelError(reason);
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.#closed);
    }
    this.#waiting.clear();
  }

  #send(message: Message): void {
    this.#port.send(message);
  }

  #take(message: Message): void {
    if ('ask' in message) {
      void this.#serve(message);
      return;
    }
    const waiting = this.#waiting.get(message.answer);
    // Its time is over.
    if (!waiting) return;
    this.#waiting.delete(message.answer);
    clearTimeout(waiting.timer);
    if ('error' in message) waiting.reject(received(message.error));
    else waiting.resolve(message.body as never);
  }

  async #serve({ ask, id, body }: Extract<Message, { ask: string }>): Promise<void> {
    const serve = this.#ours[ask as keyof Ours] as (body: unknown) => unknown;
    if (id === undefined) {
      // Nobody waits who could hear of a failure: it is a fault of ours, and ends up where those do.
      await serve(body);
      return;
    }
    try {
      const answer = await serve(body);
      this.#send({ answer: id, body: answer });
    } catch (error) {
      this.#send({ answer: id, error: sent(error) });
    }
  }
}

function sent(error: unknown): SentError {
  if (!(error instanceof Error))
    return { name: 'Error', message: String(error), stack: undefined, details: {} };
  const { name, message, stack } = error;
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  return { name, message, stack, details: { code, address, port } };
}

function received({ name, message, stack, details }: SentError): Error {
  const error = Object.assign(new Error(message), details);
  return Object.defineProperties(error, { name: { value: name }, stack: { value: stack } });
}
