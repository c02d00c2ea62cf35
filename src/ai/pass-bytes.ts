import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { failureInAnswer } from '../upstream/failure.ts';
import { BROKEN_OFF } from './broken-off.ts';
import type { ChatCall, CommittedAnswer } from './chat-call.ts';

/**
 * Passes on what nobody has to read, such as sound. If it breaks, the client's connection breaks too: there is no place in it
 * for words. A client that reads slowly slows the provider; one that leaves ends it.
 */
export async function passBytes(
  { exchange }: ChatCall,
  { first, body, broke, watch }: Extract<CommittedAnswer, { kind: 'bytes' }>,
  response: ServerResponse,
): Promise<void> {
  response.write(first);
  // All of it was there at once.
  if (body.readableEnded) {
    response.end();
    return;
  }
  // Before the pipeline cuts the client off, which would then be said to have left.
  const onError = (error: unknown): void => {
    const code = failureInAnswer(error);
    if (!response.destroyed && BROKEN_OFF.has(code)) broke?.();
    exchange.fail(code, error);
  };
  body.once('error', onError);
  if (body.errored) onError(body.errored);
  if (watch) body.on('data', (chunk: Buffer) => watch.see(chunk));
  await pipeline(body, response).catch(onError);
}
