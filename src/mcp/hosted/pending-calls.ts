import { randomUUID } from 'node:crypto';
import type { Result } from '@modelcontextprotocol/server';
import { inputRequired } from '@modelcontextprotocol/server';
import { GatewayError } from '../../errors/gateway-error.ts';

interface Question {
  readonly method: string;
  readonly params: unknown;
  answer(result: Result): void;
  refuse(error: Error): void;
}

/** Calls that wait for their clients, of all together and of one: nobody's are given up for what another leaves lying. */
const MOST = 1000;
const MOST_EACH = 100;
const KEY = 'input';
/** How a state begins that is the name of a call which waits: `hypercare-call.REPLICA.NAME`. */
const MARK = 'hypercare-call';

/** The replica at which the call of a state waits; undefined: it is a state of the server's own. */
export function replicaOfState(state: unknown): string | undefined {
  if (typeof state !== 'string' || !state.startsWith(`${MARK}.`)) return undefined;
  return state.split('.')[1];
}

/**
 * Calls of clients of 2026-07-28 at a server of 2025-11-25. That one asks in the middle of a call and waits, where they
 * are answered that input is required and call again: in between the call waits here.
 */
export class PendingCalls {
  readonly #waiting = new Map<string, { call: PendingCall; principal: string; timer: NodeJS.Timeout }>();
  readonly #replica: string;
  readonly #ttlMs: number;

  /** @param replica this one, by which others find the call */
  constructor(replica: string, ttlMs: number) {
    this.#replica = replica;
    this.#ttlMs = ttlMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** @returns the name under which it waits: until it is taken up, or its principal has too many */
  keep(call: PendingCall, principal: string): string {
    const id = `${MARK}.${this.#replica}.${randomUUID()}`;
    const timer = setTimeout(() => this.#giveUp(id), this.#ttlMs).unref();
    this.#waiting.set(id, { call, principal, timer });
    const own = this.#of(principal);
    if (own.length > MOST_EACH) this.#giveUp(own[0] as string);
    else if (this.#waiting.size > MOST) this.#giveUp(this.#heaviest()[0] as string);
    return id;
  }

  /** Takes it up again; undefined if it is not there, or another's. */
  take(id: string, principal: string): PendingCall | undefined {
    const found = this.#waiting.get(id);
    if (found?.principal !== principal) return undefined;
    this.#waiting.delete(id);
    clearTimeout(found.timer);
    return found.call;
  }

  close(): void {
    for (const id of [...this.#waiting.keys()]) this.#giveUp(id);
  }

  /** The names of a principal's calls, the oldest first. */
  #of(principal: string): string[] {
    return [...this.#waiting].flatMap(([id, of]) => (of.principal === principal ? [id] : []));
  }

  /** Those of who has the most. */
  #heaviest(): string[] {
    const all = [...new Set([...this.#waiting.values()].map(({ principal }) => principal))];
    return all.map((each) => this.#of(each)).reduce((most, of) => (of.length > most.length ? of : most), []);
  }

  #giveUp(id: string): void {
    const found = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(found?.timer);
    found?.call.giveUp();
  }
}

/** One call: it comes to its result, or to a question first. */
export class PendingCall {
  readonly #end = new AbortController();
  readonly #result: Promise<Result>;
  #questions: Question[] = [];
  #asked: (() => void) | undefined;
  #open: Question | undefined;

  /** @param start begins the call; what the server asks meanwhile goes to `ask` */
  constructor(
    start: (
      ask: (method: string, params: unknown) => Promise<Result>,
      signal: AbortSignal,
    ) => Promise<Result>,
  ) {
    this.#result = start((method, params) => this.#ask(method, params), this.#end.signal);
    // Looked at when somebody waits for it.
    this.#result.catch(() => undefined);
  }

  /**
   * Goes on to the result or the next question.
   * @param responses of the client to the question before, if there was one
   * @param keep names the call for the client's return
   * @throws GatewayError `mcp_state_invalid`: it was given up meanwhile; what it fails with
   */
  async goOn(responses: Record<string, unknown> | undefined, keep: () => string): Promise<Result> {
    // To begin it anew could do a thing twice.
    if (this.#end.signal.aborted) throw new GatewayError('mcp_state_invalid');
    const open = this.#open;
    if (open) {
      const answer = responses?.[KEY];
      // Asked once more, as the protocol wants it where an answer is missing.
      if (typeof answer !== 'object' || answer === null) return this.#require(open, keep);
      this.#open = undefined;
      open.answer(answer as Result);
    }
    const question =
      this.#questions.length > 0 ? 'asked' : await Promise.race([this.#result, this.#whenAsked()]);
    if (question !== 'asked') return question;
    return this.#require(this.#questions.shift() as Question, keep);
  }

  /** Whether its client is to answer a question, at whatever time. */
  get isWaiting(): boolean {
    return this.#open !== undefined;
  }

  /** Gives it up. @returns when it is over */
  async end(): Promise<void> {
    this.giveUp();
    await this.#result.catch(() => undefined);
  }

  /** Nobody waits for it any more. */
  giveUp(): void {
    const error = new Error('the client did not come back');
    this.#open?.refuse(error);
    for (const question of this.#questions) question.refuse(error);
    this.#questions = [];
    this.#end.abort(error);
  }

  #require(question: Question, keep: () => string): Result {
    this.#open = question;
    const { method, params } = question;
    return inputRequired({
      inputRequests: { [KEY]: { method, params } as never },
      requestState: keep(),
    }) as Result;
  }

  #ask(method: string, params: unknown): Promise<Result> {
    return new Promise((answer, refuse) => {
      this.#questions.push({ method, params, answer, refuse });
      this.#asked?.();
    });
  }

  #whenAsked(): Promise<'asked'> {
    return new Promise((resolve) => {
      this.#asked = () => resolve('asked');
    });
  }
}
