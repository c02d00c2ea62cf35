import { type Readable, Transform } from 'node:stream';

/**
 * Lets a body pass as it comes, and hands a copy of it to `onWhole` before its end is passed on. A body that is longer
 * than `limit` bytes is not copied on, and nobody is called.
 */
export function watchBody(body: Readable, limit: number, onWhole: (copy: Buffer) => Promise<void>): Readable {
  let chunks: Buffer[] = [];
  let bytes = 0;
  const watched = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= limit) chunks.push(chunk);
      else chunks = [];
      done(null, chunk);
    },
    flush(done) {
      if (bytes > limit) done();
      else onWhole(Buffer.concat(chunks, bytes)).then(() => done(), done);
    },
    destroy(error, done) {
      body.destroy(error ?? undefined);
      done(error);
    },
  });
  body.once('error', (error) => watched.destroy(error));
  body.once('close', () => {
    if (!body.readableEnded) watched.destroy(body.errored ?? new Error('the body broke off'));
  });
  return body.pipe(watched);
}
