import type { LimitAlgorithm } from '../../contracts/store.ts';
import type { Algorithm } from './algorithm.ts';
import { fixedWindow } from './fixed-window.ts';
import { slidingWindow } from './sliding-window.ts';
import { tokenBucket } from './token-bucket.ts';

/** The algorithms for stores that count in this process. Redis has them as a script. */
export const ALGORITHMS: Readonly<Record<LimitAlgorithm, Algorithm>> = {
  'fixed-window': fixedWindow,
  'sliding-window': slidingWindow,
  'token-bucket': tokenBucket,
};
