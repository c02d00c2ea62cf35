/** The admin API of the story's gateway, and what people say to its public one. Fails with an Error that says what was answered. */
export interface StoryApi {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown, contentType?: string): Promise<T>;
}

export function storyApi(url: string): StoryApi {
  async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${init.method ?? 'GET'} ${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  }
  return {
    get: (path) => ask(path),
    post: (path, body, contentType = 'application/json') =>
      ask(path, { method: 'POST', headers: { 'content-type': contentType }, body: JSON.stringify(body) }),
  };
}

/** A JSON patch of a config (RFC 6902), with what it needs here. */
export type ConfigPatch = readonly { op: 'replace' | 'add'; path: string; value: unknown }[];

/** Changes the config as an operator would: as a revision. Fails with an Error that says what was answered. */
export async function reviseConfig(adminUrl: string, patch: ConfigPatch): Promise<void> {
  const before = await fetch(`${adminUrl}/api/config`);
  await before.arrayBuffer();
  const revised = await fetch(`${adminUrl}/api/revisions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json-patch+json',
      'if-match': before.headers.get('etag') ?? '',
    },
    body: JSON.stringify(patch),
  });
  const text = await revised.text();
  if (!revised.ok) throw new Error(`the config could not be changed: ${text}`);
}
