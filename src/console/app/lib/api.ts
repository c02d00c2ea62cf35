import { readToken } from './token.ts';

/** What the admin API says instead of an answer: RFC 9457. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title?: string;
  readonly detail?: string;
  readonly request_id?: string;
  readonly problems?:
    | readonly { message: string; line?: number; column?: number; key?: string }[]
    | undefined;
}

export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title ?? problem.code);
    this.problem = problem;
  }
}

export interface Ask {
  readonly method?: string;
  /** A text goes as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Listeners are told when the token is missing, wrong or gone. */
const onRefused = new Set<() => void>();

export function whenRefused(listener: () => void): () => void {
  onRefused.add(listener);
  return () => onRefused.delete(listener);
}

/** Asks the admin API. @throws ApiError for every answer that is none of 2xx; TypeError if nobody answers */
export async function request(
  path: string,
  { method, body, type, headers, signal }: Ask = {},
): Promise<Response> {
  const token = readToken();
  const response = await fetch(path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  if (response.ok) return response;
  if (response.status === 401) for (const listener of onRefused) listener();
  throw new ApiError(await problemOf(response));
}

/** What it answers: JSON as what it says, anything else (a report in Markdown) as its text, 204 as undefined. */
export async function ask<T>(path: string, options?: Ask): Promise<T> {
  const response = await request(path, options);
  if (response.status === 204) return undefined as T;
  const isJson = response.headers.get('content-type')?.includes('json');
  return (await (isJson ? response.json() : response.text())) as T;
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  if (response.headers.get('content-type')?.includes('json')) {
    return { status: response.status, code: 'unknown', ...(JSON.parse(text) as object) };
  }
  return { status: response.status, code: 'unknown', detail: text.slice(0, 500) };
}
