// The engine's thread: takes what it is sent, ticks, says what it found. All else is in core.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { HypercareCore } from './core.ts';
import { type Delta, mergeDelta, takeDelta } from './delta.ts';
import { recall, remember } from './memory.ts';
import type { FromThread, Question, ThreadStart, ToThread } from './messages.ts';
import { Questions } from './questions.ts';
import { MINUTE } from './settings.ts';

const port = parentPort;
if (!port) throw new Error('the engine’s worker runs in a thread of its own');

const { settings, open, isShared, ticks, now, memory } = workerData as ThreadStart;
const core = new HypercareCore(settings);
// From the first signal on.
if (isShared) core.counts.own.clear();
const questions = new Questions(core, now);
core.onSummed = (at) => questions.keep(at);
const knownTick =
  memory === '' ? undefined : recall(core, questions.history, { text: memory, now, tickMs: settings.tickMs });
if (knownTick !== undefined) core.goOn(knownTick, now);
core.resume(open, now);

const say = (message: FromThread, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

function answer(question: Question, of: never): unknown {
  return (questions[question] as (of: never) => unknown).call(questions, of);
}

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'batch': {
      const { source, batch } = message;
      core.take(source, batch);
      say({ kind: 'taken', source, buffer: batch.buffer, lagMs: Date.now() - batch.base }, [batch.buffer]);
      break;
    }
    case 'names':
      core.learn(message.source, message.names);
      break;
    case 'forget':
      core.forget(message.source);
      break;
    case 'feedback':
      core.feedback(message.signal);
      break;
    case 'context':
      core.context(message.signal);
      break;
    case 'change':
      core.change(message.change, message.ago);
      break;
    case 'delta':
      mergeDelta(core, JSON.parse(message.delta) as Delta);
      break;
    case 'partial':
      core.isPartial = message.isPartial;
      break;
    case 'tick':
      tick(message.at);
      break;
    case 'use':
      if (message.settings.tickMs !== core.settings.tickMs) schedule(message.settings.tickMs);
      core.use(message.settings);
      break;
    case 'watch':
      core.watches.add(message.watch);
      break;
    case 'unwatch':
      core.watches.delete(message.id);
      break;
    case 'bill':
      core.bills.take(core.counts, message.bill);
      break;
    case 'resume':
      core.resume(message.open);
      break;
    case 'ask': {
      const { id, question, of } = message;
      try {
        say({ kind: 'answer', id, value: answer(question, of as never) });
      } catch (error) {
        say({ kind: 'refused', id, message: error instanceof Error ? error.message : String(error) });
      }
    }
  }
});

/** Ticks: what was learnt in five minutes may be lost. */
const REMEMBERED_EVERY = 5 * MINUTE;

function tick(at: number): void {
  const began = performance.now();
  const delta = isShared ? JSON.stringify(takeDelta(core)) : '';
  const { events, watched } = core.tick(at);
  const tickMs = performance.now() - began;
  const status = { lastTickAt: at, leaves: core.counts.leaves.size, tickMs, open: core.open.length };
  say({ kind: 'tick', events, watched, status, delta });
  if (core.counts.tick % REMEMBERED_EVERY === 0)
    say({
      kind: 'memory',
      memory: remember(core, questions.history, { now: at, tickMs: core.settings.tickMs }),
    });
}

let timer: NodeJS.Timeout | undefined;

function schedule(tickMs: number): void {
  clearInterval(timer);
  if (ticks === 'timer') timer = setInterval(() => tick(Date.now()), tickMs);
}

schedule(settings.tickMs);
