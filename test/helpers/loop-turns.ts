import { setImmediate as nextTurn } from 'node:timers/promises';

/** Lets the event loop turn a few times: what lay in the sockets of this process is read by then, however late the loop is. */
export async function loopTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await nextTurn();
}
