import { expect, it } from 'vitest';
import type { Cause } from '../../../src/contracts/finding.ts';
import { OpenDetection } from '../../../src/hypercare/engine/open.ts';
import { OpenDetections } from '../../../src/hypercare/engine/open-detections.ts';
import { MINUTE } from '../../../src/hypercare/engine/settings.ts';
import type { Suspicion } from '../../../src/hypercare/engine/suspicion.ts';
import { Counts } from '../../../src/hypercare/signals/counts.ts';
import { detection } from '../../helpers/told-engine.ts';

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
