/** Bytes: a verdict is a few words. */
const MOST_BYTES = 64 * 1024;
/** What may stand in logs as a rule: no sentence, which could quote the request. */
const RULE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

interface Guard {
  readonly url: string;
  readonly token?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Asks a guard for its verdict. No redirect is followed: it would carry what was said to another origin.
 * @returns the rule by which it blocks; undefined if it does not
 * @throws Error if it gives no verdict in time
 */
export async function askGuard(
  fetch: typeof globalThis.fetch,
  { url, token, timeout }: Guard,
  question: object,
  stop: AbortSignal,
): Promise<string | undefined> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(question),
    signal: AbortSignal.any([AbortSignal.timeout(Math.max(1, Math.ceil(timeout))), stop]),
  });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`the guard answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes > MOST_BYTES) throw new Error('the guard sent more than a verdict');
    chunks.push(chunk);
  }
  return ruleIn(Buffer.concat(chunks).toString('utf8'));
}

function ruleIn(text: string): string | undefined {
  const verdict: unknown = JSON.parse(text);
  const { action, rule } = (verdict ?? {}) as { action?: unknown; rule?: unknown };
  if (action === 'allow') return undefined;
  if (action !== 'block') throw new Error('the guard’s verdict is neither allow nor block');
  return typeof rule === 'string' && RULE.test(rule) ? rule : 'unnamed';
}
