import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Listening, listenAlone, listenAt } from '../../../src/server/listening.ts';
import { freePort } from '../../helpers/free-port.ts';

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
  const again = (): Promise<Front> => listenAlone({ host: HOST, port }, () => listen(port));
  await expect(again()).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  listening.close();
  // And is free again behind the look.
  expect((await again()).listening.address.port).toBe(port);
});

/** What becomes of two, of which the second begins when the first has looked and does not listen yet. */
async function twoAt(
  port: number,
  hold: (second: Promise<unknown>) => Promise<unknown>,
  patienceMs?: number,
) {
  const outcomeOf = (begun: Promise<Front>) =>
    begun.then(
      () => 'listens',
      ({ code }: NodeJS.ErrnoException) => code,
    );
  const at = { host: HOST, port };
  const seconds: ReturnType<typeof outcomeOf>[] = [];
  const first = listenAlone(at, async () => {
    const second = outcomeOf(listenAlone(at, () => listen(port), patienceMs));
    seconds.push(second);
    await hold(second);
    return listen(port);
  });
  return [await outcomeOf(first), ...(await Promise.all(seconds))];
}

test.runIf(process.platform === 'linux')('of two that begin in the same moment one listens', async () => {
  const port = await freePort();
  const both = await twoAt(port, (second) => Promise.race([second, sleep(500)]));
  expect(both).toEqual(['listens', 'EADDRINUSE']);
});

test.runIf(process.platform === 'linux')(
  'one that begins and never listens keeps nobody waiting for ever',
  async () => {
    const port = await freePort();
    const [, second] = await twoAt(port, (begun) => begun, 100);
    expect(second).toBe('listens');
  },
);

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
