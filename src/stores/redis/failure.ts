/** Answers by which a Redis says that it can't serve anyone now. Any other error answer is about the one command. */
const UNAVAILABLE =
  /^(LOADING|BUSY|MASTERDOWN|READONLY|NOREPLICAS|MISCONF|OOM|CLUSTERDOWN|TRYAGAIN|NOAUTH|NOPERM)\b/;

/** True if Redis answered, and the answer is an error about this command alone. */
export function isAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && !UNAVAILABLE.test(error.message);
}

/**
 * The error without what ioredis hangs on it: `command.args` holds documents, and the password when AUTH failed,
 * and a logger prints an error with all it carries.
 */
export function scrub(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const clean: Error & { code?: unknown } = new Error(error.message);
  clean.name = error.name;
  if ('code' in error) clean.code = error.code;
  if (error.stack !== undefined) clean.stack = error.stack;
  return clean;
}
