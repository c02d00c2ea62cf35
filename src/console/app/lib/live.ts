import { createParser } from 'eventsource-parser';
import { ApiError, request } from './api.ts';

/** Something that happened, as `/api/events` tells it. */
export interface LiveEvent {
  readonly event: string;
  readonly data: unknown;
}

export type LiveState = 'connecting' | 'live' | 'away';

/** Milliseconds without a word after which nobody is taken to be there: the gateway says something every fifteen seconds. */
const SILENCE = 35_000;

/** Milliseconds between two tries to connect, growing up to the last. */
const WAITS = [500, 1_000, 2_000, 5_000, 10_000] as const;

/** Why a connection is given up on which nothing is heard any more. */
class Silence extends Error {}

/** The one stream of events of a window. EventSource can't send a token, so it is read by fetch. */
class Live {
  state: LiveState = 'connecting';
  /** Milliseconds since the epoch: when something was heard last; 0 = never. */
  heardAt = 0;
  readonly #onEvent = new Set<(event: LiveEvent) => void>();
  readonly #onState = new Set<(state: LiveState) => void>();
  #lastId: string | undefined;
  #abort: AbortController | undefined;

  /** @returns what ends the subscription */
  onEvent(listener: (event: LiveEvent) => void): () => void {
    this.#onEvent.add(listener);
    return () => this.#onEvent.delete(listener);
  }

  onState(listener: (state: LiveState) => void): () => void {
    this.#onState.add(listener);
    return () => this.#onState.delete(listener);
  }

  start(): void {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    void this.#run(abort.signal);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#read(signal, () => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        // Nothing to tell but that it is away: the shell shows it, and asks for a token where that is why.
        if (!(error instanceof ApiError || error instanceof TypeError || error instanceof Silence))
          throw error;
      }
      this.#become('away');
      await wait(WAITS[Math.min(failures, WAITS.length - 1)] as number, signal);
    }
  }

  async #read(outer: AbortSignal, onOpen: () => void): Promise<void> {
    // A connection that is cut off somewhere between ends without a word.
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listen = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(new Silence()), SILENCE);
    };
    listen();
    try {
      await this.#follow(AbortSignal.any([outer, silence.signal]), onOpen, () => {
        this.heardAt = Date.now();
        listen();
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async #follow(signal: AbortSignal, onOpen: () => void, heard: () => void): Promise<void> {
    const response = await request('/api/events', {
      signal,
      ...(this.#lastId === undefined ? {} : { headers: { 'last-event-id': this.#lastId } }),
    });
    heard();
    this.#become('live');
    onOpen();
    const parser = createParser({
      onEvent: ({ event = 'message', id, data }) => {
        if (id !== undefined) this.#lastId = id;
        for (const listener of this.#onEvent) listener({ event, data: JSON.parse(data) as unknown });
      },
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  #become(state: LiveState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.#onState) listener(state);
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export const live = new Live();
