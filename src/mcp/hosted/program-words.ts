import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Characters of a line that are kept, however long it is. */
const LONGEST = 500;

/**
 * What a program says beside the protocol, line by line. It is always read: a full pipe would stop the program. A line that
 * never ends costs no more than one that does.
 */
export function readWords(stderr: Readable, say: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let line = '';
  stderr.on('data', (chunk: Buffer) => {
    const [first = '', ...rest] = decoder.write(chunk).split('\n');
    line = (line + first.slice(0, LONGEST)).slice(0, LONGEST);
    for (const next of rest) {
      say(line);
      line = next.slice(0, LONGEST);
    }
  });
  stderr.on('end', () => line !== '' && say(line));
}
