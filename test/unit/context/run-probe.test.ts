import { expect, test } from 'vitest';
import { type ProbeReport, reportText } from '../../../src/context/probes/report.ts';
import { runProbe } from '../../../src/context/probes/run-probe.ts';
import { readProbe } from '../../../src/context/probes/script.ts';
import { backend } from '../../helpers/backend.ts';

/** The report on a fact that was planted, asked for, and answered so; `rest` is more of the question. */
async function answered(value: string, answer: string, rest = ''): Promise<ProbeReport> {
  const steps = `[{ say: "Hello.", plant: { it: "${value}" } }, { ask: "What is it?", expect: it${rest} }]`;
  const choices = [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop' }];
  const service = await backend((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ choices }));
  });
  return runProbe(readProbe(`name: x\nsteps: ${steps}`, 'x'), {
    url: service.url,
    apiKey: 'key',
    model: 'm',
    clock: { wall: () => 0, monotonic: () => 0 },
    timeoutMs: 20_000,
  });
}

test.each([
  ['Ada', 'You are ADA, of course.'],
  ['Grace  Hopper', 'It is *grace\nhopper*.'],
  ['4711-0815', 'Your number is 4711-0815.'],
])('%s came back with: %s', async (value, answer) => {
  expect(await answered(value, answer)).toMatchObject({ outcome: 'passed', answers: [{ found: true }] });
});

test.each([
  ['Ada', 'Your name is Adam.'],
  ['Ada', 'You live in Canada.'],
  ['4711', 'Your number is 4711-0815.'],
  ['3', 'It was on 13 May.'],
])('%s did not come back with: %s', async (value, answer) => {
  const report = await answered(value, answer);
  expect(report).toMatchObject({ outcome: 'forgot', recall: 0, answers: [{ found: false, unwanted: [] }] });
  expect(reportText(report)).toContain(`forgot it, 1 turns back: “${answer}”`);
});

test('an answer that has what the script rules out is none, though it has the fact as well', async () => {
  const answer = 'It was or-11111, then OR-22222.';
  const report = await answered('OR-22222', answer, ', not: [OR-11111, OR-33333]');
  expect(report).toMatchObject({
    outcome: 'forgot',
    recall: 0,
    answers: [{ found: false, unwanted: ['OR-11111'], said: answer }],
  });
  expect(reportText(report)).toContain(`said OR-11111 for it, 1 turns back: “${answer}”`);
  const right = await answered('OR-22222', 'It is OR-22222.', ', not: [OR-2222, OR-11111]');
  expect(right).toMatchObject({ outcome: 'passed', recall: 1, answers: [{ found: true, unwanted: [] }] });
});
