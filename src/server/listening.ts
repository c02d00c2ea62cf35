import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server, type ServerOpts } from 'node:net';

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

/** Where several sockets may listen at one address, and the kernel spreads connections over them (SO_REUSEPORT). */
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

/**
 * That nobody listens there, nor a gateway that would let another in beside it: the kernel would give each some of the
 * connections.
 * @throws what `listen` says, such as EADDRINUSE
 */
export async function assertFree(at: ListenAt): Promise<void> {
  if (at.port === 0) return;
  const alone = createServer();
  await listening(alone, { ...at });
  alone.close();
  await once(alone, 'close');
}

async function listening(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}
