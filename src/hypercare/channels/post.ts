/** Milliseconds for a whole exchange. */
const TIMEOUT_MS = 10_000;
const MOST_BYTES = 256 * 1024;

/** A message that did not arrive. Its text holds no URL: of some channels that is the secret. */
export class NotDelivered extends Error {
  override readonly name = 'NotDelivered';
  /** 0: there was no answer. */
  readonly status: number;
  /** Milliseconds that the other side asks to wait. */
  readonly retryAfterMs: number;

  constructor(message: string, status = 0, retryAfterMs = 0) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Post {
  readonly url: string;
  readonly method?: 'POST' | 'PATCH';
  readonly headers?: Readonly<Record<string, string>>;
  /** As JSON, or text as it is. */
  readonly body: unknown;
}

/** Sends to a configured URL and nowhere else: no redirect is followed. @throws NotDelivered */
export type Posting = (what: Post) => Promise<unknown>;

/** @param stop cuts off what is under way */
export const postingBy =
  (fetch: typeof globalThis.fetch, stop: AbortSignal): Posting =>
  (what) =>
    post(fetch, stop, what);

async function post(
  fetch: typeof globalThis.fetch,
  stop: AbortSignal,
  { url, method = 'POST', headers = {}, body }: Post,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { 'content-type': 'application/json', 'user-agent': 'hypercare-gateway', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    throw new NotDelivered(`no answer: ${causeOf(error)}`);
  }
  const text = await textOf(response);
  if (!response.ok) {
    const wait = Number(response.headers.get('retry-after'));
    throw new NotDelivered(
      `answered ${response.status}`,
      response.status,
      Number.isFinite(wait) ? wait * 1000 : 0,
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** '' also of one that breaks off, hangs or is too long: its status has said whether the message was taken. */
async function textOf({ body }: Response): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      // Leaving the loop cancels the rest.
      if (bytes > MOST_BYTES) return '';
      chunks.push(chunk);
    }
  } catch {
    return '';
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `ECONNREFUSED`, `TimeoutError`: never the message, which names the URL. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { code, name } = (cause ?? {}) as { code?: unknown; name?: unknown };
  return String(code ?? name ?? 'unknown');
}

/** What of a JSON answer is text under a name. @throws NotDelivered if it is not there */
export function field(answer: unknown, name: string): string {
  const value = (answer as Record<string, unknown> | null)?.[name];
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new NotDelivered(`its answer has no ${name}`);
}
