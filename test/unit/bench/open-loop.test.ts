import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { runClient } from '../../../bench/harness/counted.ts';
import { failedOf, OPEN_LOOP, type OpenLoopTold } from '../../../bench/load/open-loop.ts';

const ANSWER = 'hello';
const RATE = 200;
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Asks an upstream at a rate. @param onBegin called when it begins to count */
async function asked(
  answer: (response: ServerResponse) => void,
  onBegin?: () => void,
): Promise<OpenLoopTold> {
  const upstream = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  server = upstream;
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  const order = {
    origin: `http://127.0.0.1:${port}`,
    method: 'GET',
    path: '/',
    headers: {},
    body: '',
    rate: RATE,
    answerBytes: ANSWER.length,
    settleMs: 300,
    countMs: 1_000,
  };
  return (await runClient<OpenLoopTold>(OPEN_LOOP, order, {}, 100_000, onBegin)).figures;
}

test('what was due in the time that counts is answered, and counted once', async () => {
  const told = await asked((response) => response.end(ANSWER));
  expect(told.planned).toBeGreaterThan(0);
  expect(told.answered).toBe(told.planned);
  expect(told.failures).toEqual({});
  expect(told.times.count).toBe(told.planned);
  expect(told.lateness.count).toBe(told.planned);
});

test('an upstream that falls silent leaves requests unanswered, and they are among failures and times', async () => {
  // Of a second's 200, from when it counts.
  let left = Number.POSITIVE_INFINITY;
  const told = await asked(
    (response) => left-- > 0 && response.end(ANSWER),
    () => {
      left = 50;
    },
  );
  expect(told.failures.unanswered ?? 0).toBeGreaterThan(0);
  expect(told.answered + failedOf(told)).toBe(told.planned);
  expect(told.inTime).toBeLessThan(told.planned);
  expect(told.times.max).toBeGreaterThan(5_000);
});

test('what is answered after the end, in ten seconds, is answered late and not lost', async () => {
  let held: ServerResponse[] | undefined;
  const told = await asked(
    (response) => (held ? held.push(response) : response.end(ANSWER)),
    () => {
      held = [];
      setTimeout(() => {
        for (const response of held ?? []) response.end(ANSWER);
        held = undefined;
      }, 2_500);
    },
  );
  expect(told.failures).toEqual({});
  expect(told.answered).toBe(told.planned);
  expect(told.times.max).toBeGreaterThan(1_400);
  expect(told.inTime).toBeLessThan(told.planned);
});

test('answers of another length or status are failures', async () => {
  let turn = 0;
  const told = await asked((response) => {
    turn++;
    if (turn % 3 === 0) response.writeHead(503).end();
    else response.end(turn % 3 === 1 ? ANSWER : 'wrong');
  });
  expect(told.failures['status 503'] ?? 0).toBeGreaterThan(0);
  const short = await asked((response) => response.end('bye'));
  expect(short.failures).toEqual({ 'wrong answer': short.planned });
});
