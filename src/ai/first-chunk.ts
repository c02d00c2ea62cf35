import type { Readable } from 'node:stream';

/** The first bytes of a body, which goes on waiting; undefined if it has none. Rejects if it breaks before. */
export function firstChunk(body: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const done = (act: () => void): void => {
      body.off('readable', onReadable).off('end', onEnd).off('error', onError);
      act();
    };
    const onReadable = (): void => {
      const chunk = body.read() as Buffer | null;
      if (chunk !== null) done(() => resolve(chunk));
    };
    const onEnd = (): void => done(() => resolve(undefined));
    const onError = (error: Error): void => done(() => reject(error));
    body.on('readable', onReadable).on('end', onEnd).on('error', onError);
  });
}
