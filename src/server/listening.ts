import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server, type ServerOpts } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where to listen; port 0: at any that is free. */
export interface ListenAt {
  readonly host: string;
  readonly port: number;
}

/** What listens. */
export interface Listening {
  readonly address: AddressInfo;
  /** Accepts nothing more. Connections stay. */
  close(): void;
}

/**
 * libuv accepts one connection of each socket in a turn of the event loop. A turn of a process with a thousand streams takes
 * tens of milliseconds: with one socket it takes a hundred of them to let a hundred clients in, and who probes whether we
 * live is told no.
 */
const SOCKETS = 32;

/**
 * Where several sockets may listen at one address, and the kernel spreads connections over them (SO_REUSEPORT; Node has it since
 * 22.12, and zstd in `node:zlib`, without which nothing here is loaded, since 22.15).
 */
const MAY_SHARE = process.platform === 'linux' || process.platform === 'freebsd';

/**
 * Listens at an address with several sockets, where the system can.
 *
 * @param front gets the connections of all of them
 * @param sockets how those are opened that `front` does not open itself
 * @param onError an accept that failed: EMFILE, …
 * @throws what `listen` says, such as EADDRINUSE; then nothing listens
 */
export async function listenAt(
  front: Server,
  at: ListenAt,
  { sockets, onError }: { sockets: ServerOpts; onError(error: unknown): void },
): Promise<Listening> {
  await listening(front, { ...at, reusePort: MAY_SHARE });
  const address = front.address() as AddressInfo;
  const onConnection = (socket: unknown): void => void front.emit('connection', socket);
  const others = Array.from({ length: MAY_SHARE ? SOCKETS - 1 : 0 }, () =>
    createServer(sockets, onConnection),
  );
  const all = [front, ...others];
  const close = (): void => {
    for (const each of all) if (each.listening) each.close();
  };
  const same = { host: address.address, port: address.port, reusePort: true };
  const outcomes = await Promise.allSettled(others.map((each) => listening(each, same)));
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    close();
    throw outcome.reason;
  }
  for (const each of all) each.on('error', onError);
  return { address, close };
}

/** Milliseconds that another who begins at the same port is waited for, and between two looks at it. */
const PATIENCE_MS = 5000;
const LOOK_EVERY_MS = 20;

/**
 * Begins to listen where nobody listens, nor a gateway that would let another in beside it: the kernel would give each some of the
 * connections. Of two that begin in the same moment the second looks once the first listens: where that takes longer than it is
 * waited for, both begin.
 * @param listen begins to listen there, in however many processes
 * @throws what `listen` says, such as EADDRINUSE
 */
export async function listenAlone<T>(
  at: ListenAt,
  listen: () => Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  if (at.port === 0) return listen();
  const turn = await takeTurn(at.port, patienceMs);
  try {
    await assertFree(at);
    return await listen();
  } finally {
    turn?.close();
  }
}

/**
 * What only one process has, of those that could take this port from one another: an abstract socket of its name, which belongs to
 * their network, and is gone with its process. Where somebody keeps it for too long, or a system has none, it goes on without.
 */
async function takeTurn(port: number, patienceMs: number): Promise<Server | undefined> {
  if (process.platform !== 'linux') return undefined;
  const until = performance.now() + patienceMs;
  for (;;) {
    const turn = createServer((socket) => socket.destroy());
    try {
      await listening(turn, { path: `\0hypercare-gateway begins at ${port}` });
      return turn;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || performance.now() > until) return undefined;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** @throws what `listen` says, such as EADDRINUSE */
async function assertFree(at: ListenAt): Promise<void> {
  const alone = createServer();
  await listening(alone, { ...at });
  alone.close();
  await once(alone, 'close');
}

async function listening(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}
