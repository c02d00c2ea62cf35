import type { Readable } from 'node:stream';
import type { StreamWatch } from './watch.ts';

/** Bytes that may come before the first event is whole. An event that begins longer than this is taken on trust. */
const LONGEST = 1024 * 1024;

/**
 * Reads a stream until the first event has come that says something: comments, a role or an id before it say that the
 * provider lives, not that it answers. Until then another model may still try.
 *
 * @param watch is shown what is read
 * @returns the bytes that were read; undefined if the stream ended without an event
 */
export function firstEvent(body: Readable, watch: StreamWatch): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = (act: () => void): void => {
      body.off('readable', onReadable).off('end', onEnd).off('error', onError);
      act();
    };
    const all = (): Buffer => (chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    const onReadable = (): void => {
      const chunk = body.read() as Buffer | null;
      if (chunk === null) return;
      watch.see(chunk);
      chunks.push(chunk);
      bytes += chunk.length;
      if (watch.begun || bytes > LONGEST) done(() => resolve(all()));
    };
    const onEnd = (): void => {
      watch.end();
      done(() => resolve(watch.begun ? all() : undefined));
    };
    const onError = (error: Error): void => done(() => reject(error));
    body.on('readable', onReadable).on('end', onEnd).on('error', onError);
  });
}
