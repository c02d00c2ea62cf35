// Sends requests at a mean rate, each at its own time (Poisson arrivals), whatever has been answered by then: a slow answer
// keeps no later request back, since one that finds no free connection opens another, so that there is no coordinated
// omission. Times run from the call that sends; how late the client itself was is a figure of its own.
import { type Dispatcher, Pool } from 'undici';
import { type ClientOrder, count, histogram, order, record, timesOf } from './client.ts';

const { rate, ...asked } = order<ClientOrder & { rate: number }>();
const pool = new Pool(asked.origin, { pipelining: 1, headersTimeout: 10_000, bodyTimeout: 10_000 });
const { path, method, headers, body } = asked;
const sent = {
  path,
  method: method as Dispatcher.HttpMethod,
  headers,
  body: body === '' ? null : Buffer.from(body),
};
const times = histogram();
const lateness = histogram();
const failures: Record<string, number> = {};
let isCounting = false;
let answered = 0;

class Answer implements Dispatcher.DispatchHandler {
  readonly #began = performance.now();
  /** Whether it was sent in the time that counts. */
  readonly #counts = isCounting;
  #status = 0;

  /** undici asks for it; nothing is aborted here. */
  onRequestStart(): void {
    this.#status = 0;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseEnd(): void {
    if (!this.#counts) return;
    record(times, (performance.now() - this.#began) * 1_000);
    if (this.#status === 200) answered++;
    else fail(`status ${this.#status}`);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    if (this.#counts) fail(error.code ?? error.message);
  }
}

function fail(what: string): void {
  failures[what] = (failures[what] ?? 0) + 1;
}

const pauseMs = (): number => (-Math.log(1 - Math.random()) * 1_000) / rate;

let due = performance.now() + pauseMs();
function tick(): void {
  const now = performance.now();
  while (due <= now) {
    if (isCounting) record(lateness, (now - due) * 1_000);
    pool.dispatch(sent, new Answer());
    due += pauseMs();
  }
  setTimeout(tick, 1);
}
tick();

await count(
  asked,
  (counts) => {
    isCounting = counts;
  },
  () => ({ answered, failures, times: timesOf(times), lateness: timesOf(lateness) }),
);
