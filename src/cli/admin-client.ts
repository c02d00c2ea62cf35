/** Milliseconds: applying an action builds a revision. */
const TIMEOUT_MS = 60_000;

/** A gateway's admin API, for the command line. All fail with an Error that says what was answered. */
export interface AdminClient {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  text(path: string): Promise<string>;
}

/** @param token '' or undefined: none is sent */
export function openAdminClient(url: string, token: string | undefined): AdminClient {
  const base = url.replace(/\/+$/, '');
  async function ask(path: string, body?: object): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
      });
    } catch (cause) {
      throw new Error(
        `${base} does not answer: does a gateway run, and is its admin listener there (--admin)?`,
        { cause },
      );
    }
    if (response.ok) return response;
    const answer = await response.text();
    throw new Error(`${base} answered ${response.status}: ${titleIn(answer)}`);
  }
  return {
    get: async (path) => (await ask(path)).json() as Promise<never>,
    post: async (path, body) => (await ask(path, body)).json() as Promise<never>,
    text: async (path) => (await ask(path)).text(),
  };
}

function titleIn(answer: string): string {
  try {
    return String((JSON.parse(answer) as { title?: unknown }).title);
  } catch {
    return answer.slice(0, 200);
  }
}
