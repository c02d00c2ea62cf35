import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { readOnDemand } from '../../../src/upstream/read-on-demand.ts';

const MB = 1024 * 1024;

it('while a reader stays away nothing more is read from its connection; when it comes back it gets all', async () => {
  const server = createServer((peer) => peer.end(Buffer.alloc(4 * MB, 'x')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', ...{ highWaterMark: 16 * 1024 } });
  onTestFinished(() => void socket.destroy());
  readOnDemand(socket);
  await once(socket, 'readable');
  let taken = 0;
  const take = (): boolean => {
    const chunk = socket.read() as Buffer | null;
    taken += chunk?.length ?? 0;
    return chunk !== null;
  };
  while (!take()) await once(socket, 'readable');

  for (let i = 0; i < 200; i++) await turn();

  expect(socket.readableLength).toBe(0);
  expect(socket.bytesRead).toBe(taken);
  const ended = once(socket, 'end');
  const drain = (): void => {
    while (take());
  };
  socket.on('readable', drain);
  drain();
  await ended;
  expect(taken).toBe(4 * MB);
});
