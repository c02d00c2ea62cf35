import { createParser } from 'eventsource-parser';
import type { Frame, Framing } from '../contracts/provider.ts';

/** Characters of one event that are held to be read. A stream with a longer one passes unwatched from there on. */
export const LARGEST_EVENT = 8 * 1024 * 1024;

/** Cuts server-sent events out of bytes that come in any pieces. */
export function openEventFraming(onFrame: (frame: Frame) => void, onTooLarge: () => void): Framing {
  const decoder = new TextDecoder();
  const parser = createParser({
    maxBufferSize: LARGEST_EVENT,
    onEvent: ({ event = '', data }) => onFrame({ event, data }),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') onTooLarge();
    },
  });
  return {
    feed: (chunk) => parser.feed(decoder.decode(chunk, { stream: true })),
    // A last event may lack its empty line; clients read it all the same.
    end: () => parser.feed('\n\n'),
  };
}
