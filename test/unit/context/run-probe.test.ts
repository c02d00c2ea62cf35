import type { RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ProbeReport, reportText } from '../../../src/context/probes/report.ts';
import { runProbe } from '../../../src/context/probes/run-probe.ts';
import { readProbe } from '../../../src/context/probes/script.ts';
import { backend } from '../../helpers/backend.ts';

/** What a script came to at a model. */
async function ran(
  steps: string,
  model: RequestListener,
  signal?: AbortSignal,
  isAdmin = false,
): Promise<ProbeReport> {
  const { url } = await backend(model);
  const clock = { wall: () => 0, monotonic: () => 0 };
  const script = readProbe(`name: x\nsteps: ${steps}`, 'x');
  return runProbe(script, {
    url,
    apiKey: 'key',
    model: 'm',
    clock,
    timeoutMs: 20_000,
    ...(signal && { signal }),
    ...(isAdmin && { admin: { url, token: 'token' } }),
  });
}

/** Answers so. */
function answer(response: ServerResponse, content: string): void {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ choices }));
}

/** Can't for the moment. */
function refuse(response: ServerResponse, retryAfter: string): void {
  const error = { code: 'context_unavailable' };
  response.writeHead(503, { 'content-type': 'application/json', 'retry-after': retryAfter });
  response.end(JSON.stringify({ error }));
}

/** The report on a fact that was planted, asked for, and answered so; `rest` is more of the question. */
function answered(value: string, content: string, rest = ''): Promise<ProbeReport> {
  const steps = `[{ say: "Hello.", plant: { it: "${value}" } }, { ask: "What is it?", expect: it${rest} }]`;
  return ran(steps, (_, response) => answer(response, content));
}

test.each([
  ['Ada', 'You are ADA, of course.'],
  ['Grace  Hopper', 'It is *grace\nhopper*.'],
  ['4711-0815', 'Your number is 4711-0815.'],
])('%s came back with: %s', async (value, content) => {
  expect(await answered(value, content)).toMatchObject({ outcome: 'passed', answers: [{ found: true }] });
});

test.each([
  ['Ada', 'Your name is Adam.'],
  ['Ada', 'You live in Canada.'],
  ['4711', 'Your number is 4711-0815.'],
  ['3', 'It was on 13 May.'],
])('%s did not come back with: %s', async (value, content) => {
  const report = await answered(value, content);
  expect(report).toMatchObject({ outcome: 'forgot', recall: 0, answers: [{ found: false, unwanted: [] }] });
  expect(reportText(report)).toContain(`forgot it, 1 turns back: “${content}”`);
});

test('an answer that has what the script rules out is none, though it has the fact as well', async () => {
  const both = 'It was or-11111, then OR-22222.';
  const report = await answered('OR-22222', both, ', not: [OR-11111, OR-33333]');
  expect(report).toMatchObject({
    outcome: 'forgot',
    recall: 0,
    answers: [{ found: false, unwanted: ['OR-11111'], said: both }],
  });
  expect(reportText(report)).toContain(`said OR-11111 for it, 1 turns back: “${both}”`);
  const right = await answered('OR-22222', 'It is OR-22222.', ', not: [OR-2222, OR-11111]');
  expect(right).toMatchObject({ outcome: 'passed', recall: 1, answers: [{ found: true, unwanted: [] }] });
});

const HELLO = '[{ say: "Hello." }, { say: "Are you there?" }]';

test('where something restarts in the middle it asks again, the same, and goes on', async () => {
  const asked: string[] = [];
  const report = await ran(HELLO, async (request, response) => {
    asked.push(await text(request));
    if (asked.length === 2 || asked.length === 3) refuse(response, '0');
    else answer(response, 'Yes.');
  });
  expect(report).toMatchObject({ outcome: 'passed', turns: 2, faults: [] });
  expect(asked).toHaveLength(4);
  expect(new Set(asked.slice(1)).size).toBe(1);
});

test('it does not wait longer than for an answer', async () => {
  let asked = 0;
  const report = await ran(HELLO, (_, response) => {
    asked++;
    refuse(response, '3600');
  });
  expect(report).toMatchObject({
    outcome: 'broken',
    faults: [{ step: 1, what: 'answered 503 context_unavailable' }],
  });
  expect(asked).toBe(1);
});

test('nor when it is broken off', async () => {
  const closing = new AbortController();
  let asked = 0;
  const model: RequestListener = (_, response) => {
    asked++;
    // It has heard of that when this is over.
    response.once('close', () => setTimeout(() => closing.abort(), 200));
    refuse(response, '15');
  };
  const report = await ran(HELLO, model, closing.signal);
  expect([report.outcome, report.faults.map(({ step }) => step), asked]).toEqual(['broken', [1], 1]);
});

test('a fact whose step went wrong is told, and the rest is run', async () => {
  const steps =
    '[{ say: "Look.", plant: { it: "4711" }, tool: { name: look, result: "4711" } }, { ask: "What is it?", expect: it }, { say: "Bye." }]';
  const report = await ran(steps, (_, response) => answer(response, 'Yes.'));
  expect(report).toMatchObject({
    outcome: 'broken',
    turns: 3,
    answers: [],
    faults: [
      { step: 1, what: 'the model did not call look' },
      { step: 2, what: 'it was not planted: the step that does it went wrong' },
    ],
  });
});

test('what the admin API answers is let go of: only whether it did is asked for', async () => {
  const asked: (string | undefined)[] = [];
  const ends: Promise<void>[] = [];
  // More than anybody holds unread, and it never ends.
  const admin: RequestListener = (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    ends.push(new Promise((resolve) => void response.once('close', resolve)));
    response.setHeader('etag', '"1"').write(Buffer.alloc(256 * 1024, ' '));
  };
  // Held here, or it is node that lets go of them once it collects garbage.
  const fetched = vi.spyOn(globalThis, 'fetch');
  onTestFinished(() => fetched.mockRestore());
  const report = await ran('[{ reload: true }]', admin, undefined, true);
  expect(report).toMatchObject({ faults: [], skipped: [] });
  expect(asked).toEqual(['GET /api/config', 'POST /api/config/renew']);
  const answers = await Promise.all(fetched.mock.results.map(({ value }) => value as Promise<Response>));
  expect(answers.map(({ bodyUsed }) => bodyUsed)).toEqual([true, true]);
  await Promise.all(ends);
});
