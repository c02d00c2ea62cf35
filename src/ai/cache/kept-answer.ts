import type { StreamPart } from '../../contracts/stream-part.ts';
import type { Usage } from '../../contracts/usage.ts';

/** An answer as it is kept: what it says, and its bytes where they were the client's own format. */
export interface KeptAnswer {
  /** In the neutral form: what an answer in another form (whole, streamed) is written from. */
  readonly parts: readonly StreamPart[];
  /** The body of a whole answer as its provider sent it. */
  readonly whole?: string;
  /** A stream as its provider sent it, and the options that it was asked with. */
  readonly stream?: { readonly text: string; readonly options: string };
  readonly usage: Usage;
  /** US dollars that it cost; -1 = the model has no price. */
  readonly usd: number;
  /** Who gave it: see `Answerer`. */
  readonly by: {
    readonly providerName: string;
    readonly model: string;
    readonly version: string;
    readonly name: string;
    readonly headerName: string;
  };
}

/** Of an answer that the cache gave. */
export interface FromCache {
  /** Milliseconds since it was made. */
  readonly ageMs: number;
  /** What it had come to. */
  readonly bill: Pick<KeptAnswer, 'usage' | 'usd'>;
  /** Of a budget: what of it is charged, as a share. */
  readonly charge: number;
}

export const encodeAnswer = (answer: KeptAnswer): Buffer => Buffer.from(JSON.stringify(answer));

/** @throws SyntaxError if it was not written by `encodeAnswer` */
export const decodeAnswer = (bytes: Buffer): KeptAnswer => JSON.parse(bytes.toString('utf8')) as KeptAnswer;
