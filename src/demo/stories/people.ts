import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { Hit, People } from './story.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly requestId: string;
  readonly ms: number;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A gateway that hangs must not pile up visits: past so many at once a turn is skipped. */
const MOST_VISITS = 100;
const TIMEOUT_MS = 30_000;

/** Requests of one visitor. */
export type Ask = (path: string, asked?: Asked) => Promise<Answer>;

export interface VisitPorts {
  readonly ask: Ask;
  /** Who it is; the same as often as they come. */
  readonly visitor: number;
  /** Notes that something was wrong for them. */
  notice(trouble: string, hit: Hit): void;
  /** Whether they have taken up a habit. */
  has(habit: string): boolean;
}

/**
 * People who come at a steady rate, each visit on its own.
 * @param visit what somebody does; what it fails with is what people call "it does not load"
 */
export function people(
  gatewayUrl: string,
  visitsPerSecond: number,
  visit: (ports: VisitPorts) => Promise<void>,
): People {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 * MOST_VISITS });
  const habits = new Set<string>();
  const waiting = new Map<string, ((hit: Hit) => void)[]>();
  const running = new Set<Promise<void>>();
  const ask: Ask = (path, asked) => askAt(agent, new URL(path, gatewayUrl), asked);
  let visitor = 0;
  const come = (): void => {
    if (running.size >= MOST_VISITS) return;
    const one = visit({
      ask,
      visitor: visitor++,
      has: (habit) => habits.has(habit),
      notice: (trouble, hit) => {
        for (const tell of waiting.get(trouble) ?? []) tell(hit);
        waiting.delete(trouble);
      },
    })
      // Connections break when the story ends; that is nobody's trouble any more.
      .catch(() => undefined)
      .finally(() => running.delete(one));
    running.add(one);
  };
  const timer = setInterval(come, 1000 / visitsPerSecond);
  return {
    hit: (trouble) =>
      new Promise((resolve) => waiting.set(trouble, [...(waiting.get(trouble) ?? []), resolve])),
    change: (habit) => void habits.add(habit),
    async stop() {
      clearInterval(timer);
      agent.destroy();
      await Promise.all(running);
    },
  };
}

/** One request. Rejects when no whole answer comes. */
export function askAt(
  agent: Agent,
  url: URL,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Answer> {
  const began = performance.now();
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const out = request(
      url,
      {
        agent,
        method,
        timeout: TIMEOUT_MS,
        headers: { ...headers, ...(text !== undefined && { 'content-type': 'application/json' }) },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.once('error', reject);
        answer.once('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(parts).toString(),
            requestId: String(answer.headers['x-request-id'] ?? ''),
            ms: performance.now() - began,
          }),
        );
      },
    );
    out.once('timeout', () => out.destroy(new Error(`no byte for ${TIMEOUT_MS} ms`)));
    out.once('error', reject);
    out.end(text);
  });
}
