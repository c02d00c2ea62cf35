import { Agent, request } from 'node:http';
import type { GatewayPlan } from '../gateway.ts';
import { KEY, MODEL } from '../messages.ts';

/** One call of a conversation: milliseconds to the first byte of the body and to its end. */
export interface Told {
  readonly firstMs: number;
  readonly ms: number;
  readonly version: number;
  readonly answer: string;
}

/** Some sixty tokens, as a customer asks. */
export const question = (turn: number): string =>
  `Turn ${turn}: where is the parcel of order 4711-${turn}, and what do I do if the neighbour has not taken it in? ${'I waited for it yesterday. '.repeat(5)}`;

export interface Said {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** A client over one connection. */
export class Talker {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** @param session '' = none: the gateway remembers nothing @param before what was said, for a client that sends all of it */
  say(
    session: string,
    text: string,
    { stream = false, before = [] }: { stream?: boolean; before?: readonly Said[] } = {},
  ): Promise<Told> {
    const body = JSON.stringify({
      model: MODEL,
      max_tokens: 200,
      stream,
      messages: [...before, { role: 'user', content: text }],
    });
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request(
        new URL('/v1/chat/completions', this.#origin),
        {
          method: 'POST',
          agent: this.#agent,
          headers: {
            authorization: `Bearer ${KEY}`,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            ...(session !== '' && { 'x-session-id': session }),
          },
        },
        (answer) => {
          let firstMs = 0;
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => {
            firstMs ||= performance.now() - began;
            chunks.push(chunk);
          });
          answer.once('error', reject);
          answer.once('end', () => {
            const ms = performance.now() - began;
            if (answer.statusCode !== 200) return reject(new Error(`answered ${answer.statusCode}`));
            const version = Number(answer.headers['x-context-version'] ?? -1);
            const said = Buffer.concat(chunks).toString();
            resolve({ firstMs, ms, version, answer: stream ? streamedText(said) : textIn(said) });
          });
        },
      );
      sent.once('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

interface Completion {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
}

const textIn = (completion: string): string =>
  (JSON.parse(completion) as Completion).choices[0]?.message.content ?? '';

/** The text of a stream of chat completions. */
function streamedText(events: string): string {
  return events
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => {
      const { choices } = JSON.parse(line.slice(6)) as { choices: { delta?: { content?: string } }[] };
      return choices[0]?.delta?.content ?? '';
    })
    .join('');
}

/** A gateway of models that remembers, with its usual policies. */
export const rememberingGateway = (name: string, storeUrl: string, compaction: object): GatewayPlan => ({
  name,
  what: 'auth-api-key, access log to a file, metrics, ledger; conversations are remembered',
  log: 'info',
  config: ({ upstream }) => ({
    store: { url: storeUrl, timeout: '2s' },
    context: { enabled: true, compaction },
    hypercare: { enabled: false },
    ai: {
      policies: [{ 'auth-api-key': {} }],
      providers: {
        model: { kind: 'openai', baseUrl: `http://127.0.0.1:${upstream}/v1`, apiKey: 'sk-upstream' },
      },
      models: { [MODEL]: { targets: [{ provider: 'model', model: MODEL }] } },
    },
  }),
});
