import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A way to a server on loopback that can be cut, slow, narrow, lossy, and say everything twice. */
export interface UnreliableLine {
  readonly port: number;
  /** Milliseconds that each piece waits, both ways. */
  delayMs: number;
  /** Bytes a millisecond that a connection carries, each way; 0 = as many as come. */
  bytesPerMs: number;
  /** Bytes that came for the server. */
  readonly carried: number;
  /** Answers do not come back. */
  losesAnswers: boolean;
  /** Answers come back only then. */
  answersAfter: Promise<void> | undefined;
  /** Of connections that begin now: the server hears all of it a second time, by a connection whose answers nobody hears. */
  repeats: boolean;
  /** Ends all connections at once. */
  cut(): void;
  close(): Promise<void>;
}

export async function unreliableLine(to: number): Promise<UnreliableLine> {
  const callers = new Set<Socket>();
  const line = {
    ...{ delayMs: 0, bytesPerMs: 0, carried: 0, losesAnswers: false, repeats: false },
    answersAfter: undefined as Promise<void> | undefined,
  };
  /** Pieces arrive in their order, however long each waits. */
  const carrier = (
    target: Socket,
    isLost: () => boolean,
    gate = (): Promise<void> | undefined => undefined,
  ) => {
    let last = Promise.resolve();
    /** When what came so far is through. */
    let free = 0;
    const carry = (piece: Buffer): void => {
      const { delayMs, bytesPerMs } = line;
      if (bytesPerMs > 0) free = Math.max(free, performance.now()) + piece.length / bytesPerMs;
      const through = free;
      last = last.then(async () => {
        if (delayMs > 0) await sleep(delayMs);
        const early = through - performance.now();
        if (bytesPerMs > 0 && early > 0) await sleep(early);
        await gate();
        if (!isLost() && !target.destroyed) target.write(piece);
      });
    };
    return { carry, arrived: () => last };
  };
  const server = createServer((caller) => {
    callers.add(caller);
    caller.on('data', ({ length }) => {
      line.carried += length;
    });
    const heard = connect(to, '127.0.0.1');
    const echo = line.repeats ? connect(to, '127.0.0.1') : undefined;
    const answers = carrier(
      caller,
      () => line.losesAnswers,
      () => line.answersAfter,
    );
    heard.on('data', answers.carry);
    // What the server said before it hung up is still on its way.
    heard.on('close', () => answers.arrived().then(() => caller.destroySoon()));
    const hearers = echo ? [heard, echo] : [heard];
    for (const hearer of hearers) caller.on('data', carrier(hearer, () => false).carry);
    echo?.resume();
    caller.on('close', () => {
      callers.delete(caller);
      for (const hearer of hearers) hearer.destroy();
    });
    for (const socket of [caller, ...hearers]) socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = (): void => {
    for (const caller of callers) caller.destroy();
  };
  return Object.assign(line, {
    port: typeof address === 'object' && address ? address.port : 0,
    cut,
    close: async () => {
      cut();
      server.close();
    },
  });
}
