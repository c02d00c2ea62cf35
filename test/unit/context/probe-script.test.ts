import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isGood, reportOf, reportText } from '../../../src/context/probes/report.ts';
import { readProbe } from '../../../src/context/probes/script.ts';

const SHIPPED = 'config/examples/probes';

test('six probes ship, and are what they should be', () => {
  const files = readdirSync(SHIPPED);
  expect(files).toHaveLength(6);
  for (const file of files) {
    const script = readProbe(readFileSync(`${SHIPPED}/${file}`, 'utf8'), file);
    expect(`${script.name}.yaml`).toBe(file);
    expect(script.steps.some((step) => 'ask' in step)).toBe(true);
  }
});

describe('a script that is none is refused, and told where', () => {
  test.each([
    ['name: x\nsteps: [', /x\.yaml:2/],
    ['name: x\nsteps: []', /steps/],
    ['name: x\nsteps: [{ shout: hi }]', /steps\/0/],
    ['name: x\nsteps: [{ ask: "Who?", expect: name }]', /expects name, which no step before it plants/],
    ['name: x\nsteps: [{ say: hi, plants: { a: b } }]', /steps\/0/],
    ['name: x\nsteps: [{ say: hi, plant: { a: b } }, { ask: "Who?", expect: a, not: [] }]', /steps\/1/],
    [
      'name: x\nsteps: [{ say: hi, plant: { a: b } }, { ask: "Who?", not: [b] }]',
      /steps\/1 has `not` without `expect`/,
    ],
    ['name: x\nsteps: [hi, { ask: "Who?" }]', /steps\/1 has no `expect`/],
    [
      'name: x\nsteps: [{ say: hi, plant: { a: b } }, { edit: { turn: 1, say: ho } }, { ask: "Who?", expect: a }]',
      /steps\/2 expects a, which the edit of \/steps\/1 took back/,
    ],
    [
      'name: x\nsteps: [{ distract: 3 }, { edit: { turn: 4, say: ho } }]',
      /steps\/1 edits turn 4, which no step before it says/,
    ],
  ])('%s', (text, message) => {
    expect(() => readProbe(text, 'x.yaml')).toThrow(message);
  });
});

test.each([
  '[{ say: hi, plant: { a: b } }, { distract: 3 }, { edit: { turn: 2, say: ho } }, { ask: "Who?", expect: a }]',
  '[{ distract: 2 }, { say: hi, plant: { a: b } }, { edit: { turn: 3, say: ho }, plant: { a: c } }, { ask: "Who?", expect: a }]',
  '[{ say: hi, plant: { a: b } }, { ask: "Who?", expect: a }, { edit: { turn: 2, say: ho } }]',
])('a fact may be asked for that no edit has taken back: %s', (steps) => {
  expect(readProbe(`name: x\nsteps: ${steps}`, 'x').steps.length).toBeGreaterThan(2);
});

test('a report tells recall by distance, and what came instead', () => {
  const script = readProbe('name: x\nrecall: 0.5\nsteps: [{ say: hi }]', 'x');
  const about = {
    model: 'support',
    at: 0,
    durationMs: 1500,
    turns: 30,
    statuses: { hit: 30 },
    skipped: [],
    faults: [],
  };
  const answers = [
    { fact: 'a', distance: 3, found: true, unwanted: [], status: 'hit', said: '' },
    { fact: 'a', distance: 25, found: false, unwanted: [], status: 'hit', said: 'I do not know.' },
  ];
  const report = reportOf(script, { ...about, answers, isBroken: false });
  expect(report).toMatchObject({
    outcome: 'passed',
    recall: 0.5,
    byDistance: { '1-4': { asked: 1, found: 1 }, '20-49': { asked: 1, found: 0 } },
  });
  expect(reportText(report)).toContain('20-49  turns back: 0 of 1');
  expect(reportText(report)).toContain('forgot a, 25 turns back: “I do not know.”');
  expect(reportOf({ ...script, recall: 0.6 }, { ...about, answers, isBroken: false }).outcome).toBe('forgot');
  expect(reportOf(script, { ...about, answers: [], isBroken: true })).toMatchObject({
    outcome: 'broken',
    recall: -1,
  });
  const partial = reportOf(script, { ...about, answers, skipped: [4], isBroken: false });
  expect([partial.outcome, isGood(partial)]).toEqual(['partial', true]);
  expect(reportText(partial)).toContain('x on support: partial, recall 50 %');
  expect(reportText(partial)).toContain('not done here: step 4');
  // What went wrong counts for more than what was not done.
  const forgot = reportOf({ ...script, recall: 0.6 }, { ...about, answers, skipped: [4], isBroken: false });
  expect([forgot.outcome, isGood(forgot)]).toEqual(['forgot', false]);
});
