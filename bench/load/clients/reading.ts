/** How holders of connections read: all that comes, so many bytes so often, or nothing beyond the first bytes. */
export type Reading = 'all' | 'slowly' | 'nothing';

/**
 * Bytes at most, of a read. Together a megabit a second: who takes a kilobyte does for a minute what one does that takes nothing,
 * since on loopback the kernel holds megabytes of an answer and lets who sends it go on when a third of them is gone.
 */
export const READ_AT_ONCE = 64 * 1024;
/** Reads a second of a slow reader. */
export const SLOW_READS = 2;
