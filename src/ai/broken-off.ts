import type { ErrorCode } from '../errors/table.ts';

/**
 * An answer broke, or fell silent, after it had begun: that counts against whoever gave it. That all of it took too long may
 * be its reader's doing.
 */
export const BROKEN_OFF: ReadonlySet<string> = new Set([
  'upstream_truncated',
  'upstream_stalled',
  'provider_stream_failed',
] satisfies ErrorCode[]);
