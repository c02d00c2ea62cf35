import type { Cause, DetectorId, FindingCategory, Measured, Severity } from '../../contracts/finding.ts';
import type { Mark, SignalRule } from '../signals/marks.ts';
import type { Where } from './place.ts';

/** Something that looks wrong in a tick. It becomes a detection if it lasts, and nothing open explains it. */
export interface Suspicion {
  readonly detector: DetectorId;
  /** Name of the signal. */
  readonly signal: string;
  readonly reason: string;
  readonly category: FindingCategory;
  readonly family: SignalRule['family'];
  readonly rank: number;
  readonly labels: readonly string[];
  readonly parties: number;
  /** What is counted; none where something else than bad events was seen. */
  readonly mark: Mark | undefined;
  readonly kind: number;
  /** Places, each a set of conditions; an empty one is everything. */
  readonly places: readonly (readonly Where[])[];
  /** Of the whole excess, inside them. */
  readonly share: number;
  /** The tick in which it began. */
  readonly since: number;
  /** Of the window since then. */
  readonly bad: number;
  readonly total: number;
  readonly expected: number;
  readonly statistic: number;
  readonly threshold: number;
  readonly baseline: string;
  readonly sentence: string;
  /** What was measured, where it is no rate. */
  readonly measured?: Measured;
  /** What the detector knows of the cause. */
  readonly cause?: Cause;
  readonly severity?: Severity;
  readonly events?: readonly string[];
}
