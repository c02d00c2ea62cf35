import { setTimeout as sleep } from 'node:timers/promises';
import type { McpFacts } from '../../contracts/exchange.ts';
import type { ReplicaPorts } from './replica-ports.ts';
import {
  ANSWER_TTL_MS,
  answerOf,
  LONGEST_PIECE,
  MOST_AHEAD,
  MOST_WAITING,
  type Piece,
  READ,
  type SentPiece,
} from './wire.ts';

const FIRST_LOOK_MS = 10;
const LONGEST_LOOK_MS = 250;

/** Writes the pieces of an answer for the replica that has asked, no faster than it reads them. */
export class AnswerWriter {
  readonly #ports: Pick<ReplicaPorts, 'documents' | 'logs'>;
  readonly #ask: string;
  readonly #facts: () => McpFacts | null;
  readonly #signal: AbortSignal;
  #at = 0;
  #read = 0;

  /** @param facts what is known of the call by now */
  constructor(
    ports: Pick<ReplicaPorts, 'documents' | 'logs'>,
    ask: string,
    { facts, signal }: { facts: () => McpFacts | null; signal: AbortSignal },
  ) {
    this.#ports = ports;
    this.#ask = ask;
    this.#facts = facts;
    this.#signal = signal;
  }

  /** @throws StoreUnavailable */
  async write(piece: Piece): Promise<void> {
    const facts = this.#facts();
    const sent: SentPiece = { ...piece, at: this.#at++, facts: facts && shortened(facts) };
    const options = { ttlMs: ANSWER_TTL_MS, most: MOST_WAITING };
    await this.#ports.logs.append(answerOf(this.#ask), JSON.stringify(sent), options);
  }

  /**
   * Writes a body, as it comes.
   * @throws Error: nobody has read on for so long that what was written is gone; StoreUnavailable; what it breaks with
   */
  async writeBody(body: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of joined(body)) {
      await this.#whenRead();
      await this.write({ kind: 'text', text });
    }
  }

  /** Resolves when there is room for one more piece. */
  async #whenRead(): Promise<void> {
    let leftMs = ANSWER_TTL_MS;
    let waitMs = FIRST_LOOK_MS;
    while (this.#at - this.#read >= MOST_AHEAD) {
      this.#signal.throwIfAborted();
      const read = (await this.#ports.documents.get<number>(READ, this.#ask))?.value ?? 0;
      if (read > this.#read) {
        this.#read = read;
        continue;
      }
      if (leftMs <= 0) throw new Error('nobody reads the answer');
      await sleep(waitMs);
      leftMs -= waitMs;
      waitMs = Math.min(LONGEST_LOOK_MS, waitMs * 1.5);
    }
  }
}

/** The text of a body; what has come while its reader was busy is one piece. */
async function* joined(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let next = reader.read();
  try {
    for (let chunk = await next; !chunk.done; chunk = await next) {
      let text = decoder.decode(chunk.value, { stream: true });
      next = reader.read();
      while (text.length < LONGEST_PIECE) {
        const more = await Promise.race([
          next,
          new Promise<undefined>((resolve) => setImmediate(resolve, undefined)),
        ]);
        if (more === undefined || more.done) break;
        text += decoder.decode(more.value, { stream: true });
        next = reader.read();
      }
      yield text;
    }
  } finally {
    next.catch(() => undefined);
    // Whoever stops reading ends the call; what has ended already has nothing to cancel.
    await reader.cancel().catch(() => undefined);
  }
}

const shortened = ({ server, tool, breach, fault }: McpFacts): SentPiece['facts'] => ({
  server,
  tool,
  breach,
  fault,
});
