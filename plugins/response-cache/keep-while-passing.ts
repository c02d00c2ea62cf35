import { Transform } from 'node:stream';
import type { MessageBody } from '../../src/contracts/policy.ts';

/** What became of a body on its way to the client. `undefined`: too large to keep, or cut off. */
export type OnBody = (whole: Buffer | undefined) => void | Promise<void>;

/**
 * Hands a body on as it comes and keeps a copy of it. `onBody` is called once, at the body's end and before the client
 * can see that end, so that a client that asks again at once finds the answer kept.
 */
export function keepWhilePassing(
  body: MessageBody,
  maxBytes: number,
  onBody: OnBody,
): MessageBody | Promise<MessageBody> {
  if (body === null || Buffer.isBuffer(body)) {
    const whole = body ?? Buffer.alloc(0);
    const done = onBody(whole.length <= maxBytes ? whole : undefined);
    return done instanceof Promise ? done.then(() => body) : body;
  }
  let chunks: Buffer[] | undefined = [];
  let bytes = 0;
  let isOver = false;
  const over = (whole: Buffer | undefined): void | Promise<void> => {
    if (isOver) return undefined;
    isOver = true;
    return onBody(whole);
  };
  const passing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) chunks = undefined;
      else chunks?.push(chunk);
      done(null, chunk);
    },
    flush(done) {
      Promise.resolve(over(chunks && Buffer.concat(chunks))).then(() => done(), done);
    },
    destroy(error, done) {
      Promise.resolve(over(undefined)).then(() => done(error), done);
    },
  });
  body.once('error', (error) => passing.destroy(error));
  passing.once('close', () => body.destroy());
  return body.pipe(passing);
}
