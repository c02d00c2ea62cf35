import type { ContextSignal } from '../../contracts/engine.ts';
import type { Exchange } from '../../contracts/exchange.ts';
import { FLAG, type SignalBatch } from './layout.ts';
import { type KeptRequest, RecentRequests } from './recent-requests.ts';
import { type SignalSources, SignalWriter } from './signal-writer.ts';

/** Where this process's signals go. */
export interface SignalSink {
  /** Takes a batch, and its buffer with it. False: there is no room. */
  send(batch: SignalBatch): boolean;
  onDropped(signals: number): void;
  /** What was found of a conversation after its turn. */
  context(signal: ContextSignal): void;
  /** Takes requests to be looked at, where another process keeps them; absent: they are kept here. */
  keep?(requests: readonly KeptRequest[]): void;
  /** Longest that a signal waits for others, in milliseconds. */
  readonly everyMs: number;
}

/** Requests handed to another process's record at once: bad ones first. */
const MOST_HANDED = 100;

/** The end of each exchange, as the hypercare engine is told of it. Off until somebody listens, and costs nothing then. */
export class SignalTap {
  readonly recent: RecentRequests;
  readonly #writer: SignalWriter;
  #sink: SignalSink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #handed: KeptRequest[] = [];

  constructor(sources: SignalSources) {
    this.recent = new RecentRequests(sources);
    this.#writer = new SignalWriter(sources, {
      send: (batch) => this.#sink?.send(batch) ?? false,
      onDropped: (signals) => this.#sink?.onDropped(signals),
    });
  }

  connect(sink: SignalSink): void {
    clearInterval(this.#timer);
    this.#sink = sink;
    this.#timer = setInterval(() => this.flush(), sink.everyMs).unref();
  }

  use(sources: SignalSources): void {
    this.#writer.use(sources);
    this.recent.use(sources);
  }

  record(exchange: Exchange): void {
    const sink = this.#sink;
    // What the gateway does for itself nobody waits for.
    if (!sink || exchange.purpose !== '') return;
    this.#writer.record(exchange);
    if (!sink.keep) this.recent.record(exchange);
    else if (this.#handed.length < MOST_HANDED) this.#handed.push(this.recent.kept(exchange));
  }

  /** An answer that the cache gave was held against its origin. */
  checked(exchange: Exchange, isOutdated: boolean): void {
    if (this.#sink) this.#writer.record(exchange, FLAG.isCheck | (isOutdated ? FLAG.outdated : 0));
  }

  /** A conversation did not go on as it should. */
  context(signal: ContextSignal): void {
    this.#sink?.context(signal);
  }

  flush(): void {
    this.#writer.flush();
    if (this.#handed.length === 0) return;
    const handed = this.#handed;
    this.#handed = [];
    this.#sink?.keep?.(handed);
  }

  /** A buffer is free again; null: whoever had them has ended. */
  giveBack(buffer: ArrayBuffer | null): void {
    if (buffer) this.#writer.giveBack(buffer);
    else this.#writer.forgetAway();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#sink = undefined;
  }
}
