/** Gentle background traffic against a gateway, so that a demo has something to show. */
import { Agent, request } from 'node:http';
import { productOf } from './shop-catalogue.ts';

/** `apiKey` is the shop's consumer, `botKey` the model's; `signal` ends the traffic. */
export interface TrafficOptions {
  /** The public listener's origin, http only. */
  gatewayUrl: string;
  apiKey: string;
  botKey: string;
  requestsPerSecond: number;
  signal: AbortSignal;
}

export interface Traffic {
  /** Live counts. `failed`: no whole answer, or a status of 400 and more. */
  counts: Readonly<{ sent: number; failed: number }>;
  /** Resolves when the signal came and nothing is in flight any more. */
  done: Promise<void>;
}

interface Shot {
  method: string;
  path: string;
  key?: string;
  body?: unknown;
}

type Kind = 'product' | 'stock' | 'recommendations' | 'checkout' | 'chat';

/** Twenty requests, repeated: few checkouts and chats, as those routes are limited per minute. */
const MIX = 'product stock product product recommendations product checkout stock product product '
  .concat('recommendations product stock product chat product stock checkout recommendations product')
  .split(' ') as Kind[];

/** No two people ask in the same words: the same call again and again is what a runaway agent makes. */
const QUESTIONS: readonly ((number: number) => string)[] = [
  (number) => `Hello, I am customer ${number}`,
  (number) => `I want my money back for order ${number}`,
  (number) => `My account number is AC-${number}`,
  (number) => `Where is my parcel ${number}?`,
];

/** A gateway that hangs must not pile up requests here: past this many in flight, a turn is skipped. */
const MOST_IN_FLIGHT = 64;
const TIMEOUT_MS = 30_000;
const PEOPLE = 97;

/** Starts the traffic; it goes on until the signal. */
export function startTraffic(options: TrafficOptions): Traffic {
  const { requestsPerSecond, signal } = options;
  const counts = { sent: 0, failed: 0 };
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_IN_FLIGHT });
  const inFlight = new Set<Promise<void>>();
  let turn = 0;

  const shoot = () => {
    if (inFlight.size >= MOST_IN_FLIGHT) return;
    const shot = shotOf(turn++, options);
    counts.sent += 1;
    const running = send(options.gatewayUrl, shot, `user-${turn % PEOPLE}`, agent, signal)
      .catch((error: Error) => {
        // What the signal cut short says nothing about the gateway.
        if (error.name === 'AbortError') counts.sent -= 1;
        else counts.failed += 1;
      })
      .finally(() => inFlight.delete(running));
    inFlight.add(running);
  };

  const done = new Promise<void>((resolve) => {
    const timer = setInterval(shoot, 1000 / requestsPerSecond);
    const stop = () => {
      clearInterval(timer);
      Promise.all(inFlight).then(() => {
        agent.destroy();
        resolve();
      });
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  return { counts, done };
}

function shotOf(turn: number, { apiKey, botKey }: TrafficOptions): Shot {
  const id = `p-${1 + ((turn * 7) % 40)}`;
  switch (MIX[turn % MIX.length]) {
    case 'stock':
      return { method: 'GET', path: `/api/v1/products/${id}/stock` };
    case 'recommendations':
      return { method: 'GET', path: '/api/v1/recommendations' };
    case 'checkout':
      return { method: 'POST', path: '/api/v1/checkout', key: apiKey, body: { cart: productOf(id).title } };
    case 'chat': {
      const content = QUESTIONS[Math.floor(turn / MIX.length) % QUESTIONS.length]?.(20_000 + turn);
      const body = { model: 'support', messages: [{ role: 'user', content }], stream: turn % 40 < 20 };
      return { method: 'POST', path: '/v1/chat/completions', key: botKey, body };
    }
    default:
      return { method: 'GET', path: `/api/v1/products/${id}` };
  }
}

function send(
  gatewayUrl: string,
  { method, path, key, body }: Shot,
  user: string,
  agent: Agent,
  signal: AbortSignal,
) {
  const headers = {
    'x-user-id': user,
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  return new Promise<void>((resolve, reject) => {
    const out = request(new URL(path, gatewayUrl), { method, headers, agent, signal, timeout: TIMEOUT_MS });
    out.once('response', (answer) => {
      const status = answer.statusCode ?? 0;
      answer.once('error', reject);
      answer.once('end', () => (status < 400 ? resolve() : reject(new Error(`status ${status}`))));
      answer.resume();
    });
    out.once('timeout', () => out.destroy(new Error(`no byte for ${TIMEOUT_MS} ms`)));
    out.once('error', reject);
    out.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
