import { Piscina } from 'piscina';
import type { CountRequest } from './worker.ts';

/** Counts tokens of texts that a provider did not count for us. */
export interface TokenCounter {
  count(model: string, texts: string[]): Promise<number[]>;
  close(): Promise<void>;
}

/** Estimates that wait for the worker; beyond it the length has to do. */
const LONGEST_QUEUE = 1000;
/** Characters a token, on average over English prose and code (OpenAI's rule of thumb). */
const CHARACTERS_A_TOKEN = 4;

/** What tokens come to where they can't be counted. */
export const tokensByLength = (texts: string[]): number[] =>
  texts.map((text) => Math.ceil(text.length / CHARACTERS_A_TOKEN));

/** A tokenizer in one worker thread, started when it is first needed. */
export function openTokenCounter(): TokenCounter {
  let pool: Piscina<CountRequest, number[]> | undefined;
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return {
    async count(model, texts) {
      pool ??= new Piscina<CountRequest, number[]>({
        filename: new URL(`./worker${extension}`, import.meta.url).href,
        name: 'countTokens',
        minThreads: 1,
        maxThreads: 1,
        maxQueue: LONGEST_QUEUE,
      });
      if (pool.queueSize >= LONGEST_QUEUE) return tokensByLength(texts);
      return await pool.run({ model, texts });
    },
    async close() {
      await pool?.close();
    },
  };
}
