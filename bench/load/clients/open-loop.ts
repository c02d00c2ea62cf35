// Sends requests at a mean rate, each at its own time (Poisson arrivals), whatever has been answered by then. Times run from
// when a request was due, so that neither a client that is late nor a request that waits for a connection flatters anybody
// (no coordinated omission). What was due in the time that counts is waited for; what has no answer then has failed.
import { Worker } from 'node:worker_threads';
import { type Dispatcher, Pool } from 'undici';
import { type ClientOrder, count, HANGING, histogram, nowMs, order, record, timesOf } from './client.ts';

/** From here on requests wait for a connection: a storm of new ones would be what is measured after each pause. */
const MOST_CONNECTIONS = 256;
/** An answer that took longer is none in time. */
const IN_TIME_MS = 1_000;

const { rate, answerBytes, ...asked } = order<ClientOrder & { rate: number; answerBytes?: number }>();
const pool = new Pool(asked.origin, { pipelining: 1, connections: MOST_CONNECTIONS, ...HANGING });
const { path, method, headers, body } = asked;
const request = {
  path,
  method: method as Dispatcher.HttpMethod,
  headers,
  body: body === '' ? null : Buffer.from(body),
};
const times = histogram();
const lateness = histogram();
const failures: Record<string, number> = {};
/** What was due from here to there counts: milliseconds. */
let from = Number.POSITIVE_INFINITY;
let until = Number.POSITIVE_INFINITY;
let isAllSent = false;
let planned = 0;
let sent = 0;
let answered = 0;
let inTime = 0;
const unanswered = new Set<Answer>();

class Answer implements Dispatcher.DispatchHandler {
  readonly due: number;
  #status = 0;
  #bytes = 0;

  constructor(due: number) {
    this.due = due;
  }

  /** undici asks for it; nothing is aborted here. */
  onRequestStart(): void {
    this.#status = 0;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, data: Buffer): void {
    this.#bytes += data.length;
  }

  onResponseEnd(): void {
    if (!unanswered.delete(this)) return;
    if (this.#status !== 200) fail(`status ${this.#status}`);
    else if (answerBytes !== undefined && this.#bytes !== answerBytes) fail('wrong answer');
    else this.#took(nowMs() - this.due);
  }

  #took(ms: number): void {
    record(times, ms * 1_000);
    answered++;
    if (ms <= IN_TIME_MS) inTime++;
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    if (unanswered.delete(this)) fail(error.code ?? error.message);
  }
}

function fail(what: string): void {
  failures[what] = (failures[what] ?? 0) + 1;
}

function send(due: number): void {
  isAllSent = due >= until;
  if (isAllSent) return;
  const answer = new Answer(due);
  if (due >= from) {
    const now = nowMs();
    record(lateness, (now - due) * 1_000);
    planned++;
    if (now < until) sent++;
    unanswered.add(answer);
  }
  pool.dispatch(request, answer);
}

new Worker(new URL('./arrivals.ts', import.meta.url), { workerData: { rate } }).on('message', send);

await count(
  asked,
  (counts) => {
    if (counts) from = nowMs();
    else until = nowMs();
  },
  () => {
    // They take so long at least: without them the slowest would be missing from the times.
    for (const { due } of unanswered) record(times, (nowMs() - due) * 1_000);
    if (unanswered.size > 0) failures.unanswered = unanswered.size;
    return { planned, sent, answered, inTime, failures, times: timesOf(times), lateness: timesOf(lateness) };
  },
  () => isAllSent && unanswered.size === 0,
);
