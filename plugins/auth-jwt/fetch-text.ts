/** Bytes. A set of a hundred RSA keys with certificates is smaller. */
const MOST_BYTES = 512 * 1024;

/** What asks, as the global one. */
export type Fetch = typeof globalThis.fetch;

/**
 * The body of a GET. No redirect is followed: it would let the endpoint choose whose keys are believed.
 * @param timeout whole milliseconds, for the whole answer
 * @throws Error if there is no 200 in time, or too much of it
 */
export async function fetchText(
  fetch: Fetch,
  url: string,
  timeout: number,
  stop: AbortSignal,
): Promise<string> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal: AbortSignal.any([AbortSignal.timeout(timeout), stop]),
  });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`the issuer answered ${response.status} when asked for its keys`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes > MOST_BYTES) throw new Error('the issuer sent more than a set of keys');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
