import { Agent, request } from 'node:http';
import type { GatewayPlan } from '../gateway.ts';
import { KEY, MODEL } from '../messages.ts';

/** Who is as late as that hangs. */
const HANGS_AFTER_MS = 120_000;

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
          timeout: HANGS_AFTER_MS,
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
      sent.once('timeout', () => sent.destroy(new Error(`no answer within ${HANGS_AFTER_MS} ms`)));
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

/** What clients of conversations send: `its new turn` alone, or `all of it`, as they do that know of no memory. */
export const SENDS = ['its new turn', 'all of it'] as const;
export type Sends = (typeof SENDS)[number];

/** What a client is about to say: the same for whoever has it said with the conversation and without. */
export interface Next {
  readonly text: string;
  /** All that was said before. */
  readonly log: readonly Said[];
  /** What of it the client sends as well. */
  readonly before: readonly Said[];
}

/** A conversation and what was said in it. */
export class Conversation {
  readonly #talker: Talker;
  readonly #session: string;
  readonly #sends: Sends;
  readonly #stream: boolean;
  readonly #log: Said[] = [];

  constructor(talker: Talker, session: string, { sends, stream }: { sends: Sends; stream: boolean }) {
    this.#talker = talker;
    this.#session = session;
    this.#sends = sends;
    this.#stream = stream;
  }

  get turns(): number {
    return this.#log.length / 2;
  }

  next(): Next {
    const log = [...this.#log];
    return { text: question(this.turns), log, before: this.#sends === 'all of it' ? log : [] };
  }

  /** Says it in the conversation, which goes on from there. */
  async say(next: Next): Promise<Told> {
    const { text, before } = next;
    const told = await this.#talker.say(this.#session, text, { stream: this.#stream, before });
    this.#log.push({ role: 'user', content: text }, { role: 'assistant', content: told.answer });
    return told;
  }

  /** Says what comes next until it has so many turns. */
  async growTo(turns: number): Promise<void> {
    while (this.turns < turns) await this.say(this.next());
  }

  /** The same body, of no conversation. */
  sayBody({ text, before }: Next): Promise<Told> {
    return this.#talker.say('', text, { stream: this.#stream, before });
  }

  /** What the model is sent for it, of no conversation. */
  sayPrompt({ text, log }: Next): Promise<Told> {
    return this.#talker.say('', text, { stream: this.#stream, before: log });
  }

  /** One message, of no conversation, that nobody counts: who is measured next stands behind nothing that is done after an answer. */
  async rest(): Promise<void> {
    await this.#talker.say('', question(this.turns), { stream: this.#stream });
  }

  /** Does each, from another one each time, with a rest after it. @returns what they told, in the order given */
  async inTurns(acts: readonly (() => Promise<Told>)[], from: number): Promise<Told[]> {
    const told: Told[] = [];
    for (let done = 0; done < acts.length; done++) {
      const at = (from + done) % acts.length;
      const act = acts[at];
      if (act) told[at] = await act();
      await this.rest();
    }
    return told;
  }
}

/** A gateway of models that remembers, with its usual policies. */
export const rememberingGateway = (name: string, store: object, compaction: object): GatewayPlan => ({
  name,
  what: 'auth-api-key, access log to a file, metrics, ledger, conversations are remembered; no rate limit; the store is waited for up to 2 s in place of 50 ms',
  log: 'info',
  config: ({ upstream }) => ({
    store: { ...store, timeout: '2s' },
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
