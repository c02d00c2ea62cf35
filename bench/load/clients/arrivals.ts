// Says when requests are due: Poisson arrivals at a mean rate, each a message with its time in milliseconds of the system's
// monotonic clock. A thread of its own, since Node's timers count whole milliseconds: this one sleeps for microseconds (a
// futex, which the kernel wakes some 50 late) and takes nothing from the core while it does.
import { parentPort, workerData } from 'node:worker_threads';
import { nowMs } from './client.ts';

const { rate } = workerData as { rate: number };
const never = new Int32Array(new SharedArrayBuffer(4));

for (let due = nowMs(); ; ) {
  due += (-Math.log(1 - Math.random()) * 1_000) / rate;
  const left = due - nowMs();
  if (left > 0) Atomics.wait(never, 0, 0, left);
  parentPort?.postMessage(due);
}
