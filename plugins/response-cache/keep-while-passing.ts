import { Transform } from 'node:stream';
import type { MessageBody } from '../../src/contracts/policy.ts';

/** The whole body, or why it can't be kept: it is over the bound, as far as it has come, or was cut off. */
export type Kept = Buffer | 'too large' | 'broken';

/**
 * Hands a body on as it comes and keeps a copy of it. `onBody` is called once: as soon as it is too large, for those who
 * wait for it to be kept, else at the body's end and before the client can see that end, so that a client that asks
 * again at once finds the answer kept.
 */
export function keepWhilePassing(
  body: MessageBody,
  maxBytes: number,
  onBody: (kept: Kept) => void | Promise<void>,
): MessageBody | Promise<MessageBody> {
  if (body === null || Buffer.isBuffer(body)) {
    const whole = body ?? Buffer.alloc(0);
    const done = onBody(whole.length <= maxBytes ? whole : 'too large');
    return done instanceof Promise ? done.then(() => body) : body;
  }
  let chunks: Buffer[] | undefined = [];
  let bytes = 0;
  let isOver = false;
  const over = (kept: Kept): void | Promise<void> => {
    if (isOver) return undefined;
    isOver = true;
    return onBody(kept);
  };
  const passing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      chunks?.push(chunk);
      if (bytes <= maxBytes || chunks === undefined) {
        done(null, chunk);
        return;
      }
      chunks = undefined;
      Promise.resolve(over('too large')).then(() => done(null, chunk), done);
    },
    flush(done) {
      Promise.resolve(over(chunks ? Buffer.concat(chunks) : 'too large')).then(() => done(), done);
    },
    destroy(error, done) {
      Promise.resolve(over('broken')).then(() => done(error), done);
    },
  });
  body.once('error', (error) => passing.destroy(error));
  passing.once('close', () => body.destroy());
  return body.pipe(passing);
}
