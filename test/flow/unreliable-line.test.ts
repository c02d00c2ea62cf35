import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { chat } from '../helpers/ai.ts';
import { backend } from '../helpers/backend.ts';
import { unreliableLine } from '../helpers/unreliable-line.ts';

const lineTo = async (port: number) => {
  const line = await unreliableLine(port);
  onTestFinished(() => line.close());
  return { line, at: { url: `http://127.0.0.1:${line.port}` } };
};

it('what a server says before it hangs up arrives, however slow the line', async () => {
  const { port } = await backend((_, response) => response.end('all of it'));
  const { line, at } = await lineTo(port);
  line.delayMs = 30;
  expect((await chat(at, {})).body.toString()).toBe('all of it');
});

it('that a server hangs up when it hears something a second time ends no connection of its client', async () => {
  let heard = 0;
  const { port } = await backend(async (_, response) => {
    // The other one has hung up by then.
    if (++heard === 1) await sleep(100);
    response.end('heard');
  });
  const { line, at } = await lineTo(port);
  line.repeats = true;
  expect((await chat(at, {})).body.toString()).toBe('heard');
});
