import { expect, it, test } from 'vitest';
import type { Cause } from '../../../src/contracts/finding.ts';
import { OpenDetection } from '../../../src/hypercare/engine/open.ts';
import { OpenDetections } from '../../../src/hypercare/engine/open-detections.ts';
import { MINUTE } from '../../../src/hypercare/engine/settings.ts';
import type { Suspicion } from '../../../src/hypercare/engine/suspicion.ts';
import { Counts } from '../../../src/hypercare/signals/counts.ts';
import { KEY } from '../../../src/hypercare/signals/leaves.ts';
import { DIMENSIONS } from '../../../src/record/signals/layout.ts';
import { detection } from '../../helpers/told-engine.ts';

const PROMPT = DIMENSIONS.indexOf('prompt');

const SUSPICION: Suspicion = {
  detector: 'slow',
  signal: 'slow',
  reason: '',
  family: 'service',
  rank: 1,
  kind: 0,
  mark: undefined,
  places: [],
  since: 0,
  bad: 30,
  total: 100,
  expected: 1,
} as never;

it('what nobody could explain when it opened is explained as soon as somebody can', () => {
  const counts = new Counts(100);
  let known: Cause | undefined;
  const open = new OpenDetections(counts, () => known);
  const unknown = {
    kind: 'unknown',
    sentence: 'Nothing explains it.',
    confidence: 0.2,
    change: null,
  } as const;
  open.add(new OpenDetection('slow', SUSPICION, detection({ cause: unknown }), 0, 0));
  const minute = () => {
    counts.tick += MINUTE;
    return open.step(counts.tick, () => 0).map(({ kind, detection: { cause } }) => [kind, cause.kind]);
  };
  counts.tick = -1;
  expect(minute()).toEqual([['updated', 'unknown']]);
  known = { kind: 'context', sentence: 'Prompts are long.', confidence: 0.75, change: null };
  expect(minute()).toEqual([['updated', 'context']]);
});

test('people who say that answers are worse, where and since answers drifted, speak of that, and of nothing elsewhere', () => {
  const counts = new Counts(100);
  const key = new Uint16Array(KEY);
  const of = (prompt: number): Suspicion['places'] => [[{ dimension: PROMPT, value: prompt }]];
  for (const prompt of [5, 6]) {
    key[PROMPT] = prompt;
    counts.signal(key, 20);
  }
  const open = new OpenDetections(counts, () => undefined);
  const drift: Suspicion = { ...SUSPICION, detector: 'drift', signal: 'drift', places: of(5) };
  const opened = new OpenDetection('drift', drift, detection({ fingerprint: 'drift' }), 0, 0);
  open.add(opened);
  const voice: Suspicion = { ...SUSPICION, detector: 'voice', signal: 'voice', places: of(5) };
  expect(open.explaining(voice)).toBe(opened);
  expect(open.isPartOf(opened, voice)).toBe(true);
  open.widen(opened, voice, detection({ fingerprint: 'voice', detector: 'voice' }));
  expect(opened.detection).toMatchObject({ fingerprint: 'drift', detector: 'voice' });

  const late = { ...voice, since: 5 * MINUTE };
  const elsewhere = { ...voice, places: of(6) };
  opened.widen(drift, opened.detection);
  expect([late, elsewhere].map((each) => open.explaining(each))).toEqual([undefined, undefined]);
  // What fails is never explained by answers that are other than usual.
  expect(open.explaining({ ...voice, detector: 'errors', signal: 'errors' })).toBeUndefined();
});
