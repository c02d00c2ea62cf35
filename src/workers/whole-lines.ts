import type { Readable } from 'node:stream';

/** Characters of one line beyond which it is passed on in pieces: a line without an end must not fill memory. */
const LONGEST_LINE = 1024 * 1024;

/**
 * Reads lines of a worker's log and hands on whole ones, so that the lines of several workers don't run into each other:
 * writes of more than 4 kB to one pipe may. What a worker was writing when it was killed is no line.
 */
export function wholeLines(from: Readable, write: (line: string) => void): void {
  let rest = '';
  from.setEncoding('utf8');
  from.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) write(line);
    if (rest.length > LONGEST_LINE) {
      write(rest);
      rest = '';
    }
  });
}
