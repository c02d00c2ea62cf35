import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { assertFree, type Listening, listenAt } from '../../../src/server/listening.ts';

const HOST = '127.0.0.1';

interface Front {
  readonly listening: Listening;
  readonly accepted: Socket[];
}

async function listen(port = 0): Promise<Front> {
  const accepted: Socket[] = [];
  const server: Server = createServer((socket) => accepted.push(socket.on('error', () => undefined)));
  const onError = (error: unknown): never => {
    throw error;
  };
  const listening = await listenAt(server, { host: HOST, port }, { sockets: {}, onError });
  onTestFinished(() => {
    listening.close();
    for (const socket of accepted) socket.destroy();
  });
  return { listening, accepted };
}

/** In the backlog already when this returns: on loopback the kernel does it at once. */
async function knock(times: number, { port }: AddressInfo): Promise<void> {
  for (let i = 0; i < times; i++) {
    const client = connect(port, HOST).on('error', () => undefined);
    onTestFinished(() => void client.destroy());
  }
  await new Promise(process.nextTick);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.runIf(process.platform === 'linux')(
  'a crowd at the door comes in by dozens in a turn of the event loop, however long the turns are',
  async () => {
    const { listening, accepted } = await listen();
    await knock(200, listening.address);
    // One that is busy has no more turns than these.
    for (let turns = 0; turns < 2; turns++) await turn();
    expect(accepted.length).toBeGreaterThan(20);
    while (accepted.length < 200) await turn();
  },
);

test('where somebody listens is not free, though whoever it is would let others in beside', async () => {
  const { listening } = await listen();
  const { port } = listening.address;
  await expect(assertFree({ host: HOST, port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  listening.close();
  await assertFree({ host: HOST, port });
  // And is free again behind the look.
  expect((await listen(port)).listening.address.port).toBe(port);
});

test('who has come in stays when the door is closed, and nobody comes in behind', async () => {
  const { listening, accepted } = await listen();
  const { port } = listening.address;
  const client = connect(port, HOST);
  onTestFinished(() => void client.destroy());
  await once(client, 'connect');
  while (accepted.length === 0) await turn();
  listening.close();
  const late = connect(port, HOST);
  const [refused] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  expect(refused.code).toBe('ECONNREFUSED');
  accepted[0]?.write('still here');
  expect(String(await once(client, 'data'))).toBe('still here');
});

test('an address that can’t be listened at is said, and nothing listens', async () => {
  const taken = createServer();
  taken.listen(0, HOST);
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const front = createServer();
  const listening = listenAt(front, { host: HOST, port }, { sockets: {}, onError: () => undefined });
  await expect(listening).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  expect(front.listening).toBe(false);
});
