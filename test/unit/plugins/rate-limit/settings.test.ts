import { expect, it } from 'vitest';
import { type Settings, settingsProblem } from '../../../../plugins/rate-limit/settings.ts';

it('a bucket that is larger than a store can count is refused, written or not: it would let everybody pass', () => {
  const large = { limit: 2_000_000_000, window: 86_400_000, per: 'consumer' };
  const problem = (more: object): string | undefined => settingsProblem({ ...large, ...more } as Settings);
  expect(problem({ algorithm: 'token-bucket' })).toBe(
    'a token bucket holds at most 1000000000 requests: set burst',
  );
  expect(problem({ algorithm: 'token-bucket', burst: 1000 })).toBeUndefined();
  expect(problem({ algorithm: 'fixed-window' })).toBeUndefined();
});
