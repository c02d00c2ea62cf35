// Keeps a number of streams running: each that ends is followed by the next at once. Times in the figures are in
// milliseconds, from stamps of the system's monotonic clock that the upstream writes into its events. A stream has failed if
// it ends otherwise than a whole one, or if nothing has come of it for a second when the time that counts is over.
import { type Dispatcher, Pool } from 'undici';
import { CHUNKS, STAMP, STAMP_DIGITS } from '../messages.ts';
import { type ClientOrder, count, HANGING, histogram, order, record, timesOf } from './client.ts';

const { streams, ...asked } = order<ClientOrder & { streams: number }>();
const pool = new Pool(asked.origin, { pipelining: 1, ...HANGING });
const firstTokens = histogram();
const delays = histogram();
const gaps = histogram();
const failures: Record<string, number> = {};
let chunks = 0;
let completed = 0;
let isCounting = false;
const running = new Set<Stream>();
/** A stream that has been silent for so long stands still, in microseconds. */
const STALLED = 1_000_000;

const now = (): number => Number(process.hrtime.bigint() / 1000n);

class Stream implements Dispatcher.DispatchHandler {
  readonly #began = now();
  readonly #ended: (failure: string | null) => void;
  #status = 0;
  #seen = 0;
  #last = this.#began;
  #rest = '';

  constructor(ended: (failure: string | null) => void) {
    this.#ended = ended;
  }

  /** undici asks for it; nothing is aborted here. */
  onRequestStart(): void {
    this.#status = 0;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, data: Buffer): void {
    const text = this.#rest + data.toString('latin1');
    const at = now();
    let from = 0;
    for (;;) {
      const found = text.indexOf(STAMP, from);
      if (found < 0 || found + STAMP.length + STAMP_DIGITS > text.length) break;
      from = found + STAMP.length;
      this.#chunk(at, Number(text.slice(from, from + STAMP_DIGITS)));
    }
    // What has no stamp yet may hold the beginning of one.
    this.#rest = text.slice(Math.max(from, text.length - 256));
  }

  #chunk(at: number, sent: number): void {
    this.#seen++;
    if (isCounting) {
      chunks++;
      record(delays, at - sent);
      if (this.#seen === 1) record(firstTokens, at - this.#began);
      else record(gaps, at - this.#last);
    }
    this.#last = at;
  }

  /** Since its last chunk, or since it was asked for: microseconds. */
  silentFor(): number {
    return now() - this.#last;
  }

  onResponseEnd(): void {
    if (this.#status !== 200) this.#ended(`status ${this.#status}`);
    else if (this.#seen !== CHUNKS) this.#ended(`${this.#seen} chunks`);
    else this.#ended(this.#rest.includes('[DONE]') ? null : 'no [DONE]');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    this.#ended(error.code ?? error.message);
  }
}

function fail(what: string): void {
  failures[what] = (failures[what] ?? 0) + 1;
}

function next(): void {
  const { path, method, headers, body } = asked;
  const stream = new Stream((failure) => {
    running.delete(stream);
    if (isCounting && failure === null) completed++;
    else if (isCounting && failure !== null) fail(failure);
    // One that is refused at once must not become a storm.
    if (failure === null) next();
    else setTimeout(next, 100);
  });
  running.add(stream);
  pool.dispatch({ path, method: method as Dispatcher.HttpMethod, headers, body }, stream);
}

// Spread over the first second, so that their chunks don't come all at the same moment.
for (let i = 0; i < streams; i++) setTimeout(next, (i * 1_000) / streams);

await count(
  asked,
  (counts) => {
    isCounting = counts;
  },
  () => {
    for (const stream of running) if (stream.silentFor() >= STALLED) fail('stalled');
    return {
      chunks,
      completed,
      failures,
      firstToken: timesOf(firstTokens),
      delay: timesOf(delays),
      gap: timesOf(gaps),
    };
  },
);
