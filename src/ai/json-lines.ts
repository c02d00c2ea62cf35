import type { Dialect } from '../contracts/provider.ts';

/** Characters of one line that are held to be read. A stream with a longer one passes unwatched from there on. */
const LONGEST_LINE = 8 * 1024 * 1024;
/** Ollama’s and others’ (`x-ndjson`), Cohere’s of before (`stream+json`), files of lines (`jsonl`). */
const TYPES = /^(?:application|text)\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|stream\+json)(?:\s*;|$)/;

/** @param type in small letters */
export const isJsonLines = (type: string): boolean => TYPES.test(type);

/** How a stream is cut that is one JSON a line. */
export const jsonLines: NonNullable<Dialect['stream']> = {
  contentType: 'application/x-ndjson',
  openFraming(onFrame, onTooLarge) {
    const decoder = new TextDecoder();
    let line = '';
    const take = (whole: string): void => {
      if (whole.trim() !== '') onFrame({ event: '', data: whole });
    };
    return {
      feed(chunk) {
        const [rest = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n');
        line += rest;
        for (const next of more) {
          take(line);
          line = next;
        }
        if (line.length <= LONGEST_LINE) return;
        line = '';
        onTooLarge();
      },
      // The last one may lack its end.
      end: () => take(line + decoder.decode()),
    };
  },
};
