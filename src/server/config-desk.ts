import { Piscina } from 'piscina';
import { type ConfigDesk, deskHere } from '../config/desk.ts';
import type { DiffLine } from '../config/diff.ts';
import type { PolicySchemas } from '../config/load.ts';
import { ConfigError } from '../config/problems.ts';
import { unpack } from '../lib/packed.ts';
import type { Read } from './config-thread.ts';

/** Characters of a text that is read in the time that it takes to hand it over: some 15 ms. */
const SMALL = 8_000;
/** Milliseconds: an operator who saves once saves again, and a thread takes 60 MB. */
const IDLE_MS = 30_000;

/** A desk in a thread of its own, which is there while it is used. Small texts are not worth the way. */
export function openConfigDesk(policies: PolicySchemas): ConfigDesk {
  const here = deskHere(policies);
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  let pool: Piscina | undefined;
  function thread<T>(name: 'load' | 'diff' | 'masked', task: unknown): Promise<T> {
    pool ??= new Piscina({
      filename: new URL(`./config-thread${extension}`, import.meta.url).href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
    });
    return pool.run(task, { name }) as Promise<T>;
  }
  return {
    async load(draft) {
      if (draft.text.length <= SMALL) return here.load(draft);
      const read = await thread<Read>('load', draft);
      if ('loaded' in read) return { ...read.loaded, config: unpack(read.config) };
      throw new ConfigError(read.problems, read.files);
    },
    diff: (before, after) =>
      before.length + after.length <= SMALL
        ? here.diff(before, after)
        : thread<DiffLine[]>('diff', [before, after]),
    masked: (text) => (text.length <= SMALL ? here.masked(text) : thread<string>('masked', text)),
    async close() {
      await pool?.close();
    },
  };
}
