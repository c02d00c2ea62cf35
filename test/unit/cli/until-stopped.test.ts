import { expect, it } from 'vitest';
import { stopAsked } from '../../../src/cli/until-stopped.ts';

/** A process that is sent signals at times, in milliseconds, and what it exited with. */
function signalled() {
  const listeners = new Map<string, () => void>();
  const exits: number[] = [];
  let time = 5_000;
  const asked = stopAsked({
    on: (signal, listener) => listeners.set(signal, listener),
    exit: (code) => void exits.push(code),
    now: () => time,
  });
  const send = (signal: 'SIGTERM' | 'SIGINT', at: number): void => {
    time = 5_000 + at;
    listeners.get(signal)?.();
  };
  return { asked, exits, send };
}

it('a signal that npm passes on beside the one that the whole group got asks for nothing new', async () => {
  const { asked, exits, send } = signalled();
  send('SIGTERM', 0);
  send('SIGTERM', 1);
  send('SIGINT', 900);
  await asked;
  expect(exits).toEqual([]);
});

it('who asks again a moment later does not want to wait for the drain', async () => {
  const { asked, exits, send } = signalled();
  send('SIGINT', 0);
  await asked;
  send('SIGINT', 1_500);
  expect(exits).toEqual([1]);
});
