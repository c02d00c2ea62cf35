import type { Measured } from '../../contracts/finding.ts';
import { SIGNALS } from '../signals/marks.ts';

/** The name stands before the colon of a mark. */
export const isCounted = (signal: string): boolean => Object.hasOwn(SIGNALS, signal.split(':')[0] as string);

/**
 * Whether live traffic can prove that it is over: a share of what passes can be counted in it. A state, a bill, a pace or a
 * median can't: that none of the next requests is bad says nothing of them. Complaints are counted among all that is said.
 */
export const isProvable = ({ signal, unit }: Pick<Measured, 'signal' | 'unit'>): boolean =>
  isCounted(signal) && (unit === 'rate' || signal === 'voice');
