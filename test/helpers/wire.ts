import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { eventually } from './gateway.ts';
import { rawServer } from './raw-http.ts';

/** A wire to a gateway that can be reset, whatever is spoken on it. */
export interface Wire {
  readonly port: number;
  /** Resolves once something has gone over it, and no more is taken. */
  stuck(): Promise<void>;
  reset(): void;
}

export async function wireTo({ url }: { url: string }): Promise<Wire> {
  const ends: Socket[] = [];
  const { hostname, port } = new URL(url);
  const near = await rawServer((socket) => {
    const end = connect(Number(port), hostname);
    end.on('error', () => socket.destroy());
    socket.pipe(end).pipe(socket);
    ends.push(end);
    onTestFinished(() => void end.destroy());
  });
  return {
    port: Number(new URL(near.url).port),
    stuck: () => noMoreIsTaken(ends),
    reset: () => {
      for (const end of ends) end.resetAndDestroy();
    },
  };
}

/** Resolves once something was written to these, and nobody takes more of it. */
export async function noMoreIsTaken(sockets: Iterable<Socket>): Promise<void> {
  let before = -1;
  await eventually(async () => {
    let taken = 0;
    for (const { bytesWritten, writableLength } of sockets) taken += bytesWritten - writableLength;
    const isStuck = taken > 0 && taken === before;
    before = taken;
    await sleep(200);
    return isStuck;
  });
}
