import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { backend } from '../helpers/backend.ts';
import { eventually, testGateway } from '../helpers/gateway.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

/** A mail server that takes connections and says nothing. */
async function silentMail(): Promise<{ url: string; connections: Socket[] }> {
  const connections: Socket[] = [];
  const server = createServer((socket) => void connections.push(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of connections) socket.destroy();
  });
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, connections };
}

it('channels that hang hold up no stop, and are told after the next start: the same, by its id', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-told-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const ids: string[] = [];
  let answers = false;
  const hook = await backend((request, response) => {
    request.resume().on('end', () => {
      ids.push(String(request.headers['webhook-id']));
      if (answers) response.end();
    });
  });
  const mail = await silentMail();
  const config = {
    store: { url: `sqlite:${join(folder, 'state.db')}` },
    hypercare: {
      tick: '1s',
      notify: [
        { kind: 'webhook', url: `${hook.url}/hook` },
        { kind: 'smtp', url: mail.url, from: 'gateway@example.com', to: ['ops@example.com'] },
      ],
    },
  };
  const engine = toldEngine();
  const first = await testGateway(config, { engine });
  engine.say('opened', detection());
  await eventually(() => ids.length === 1 && mail.connections.length === 1);

  await first.close();

  // It was not their time that was over: that would have been said.
  expect(first.lines.filter(({ msg }) => msg === 'a channel was not told')).toEqual([]);
  answers = true;
  await testGateway(config, { engine: toldEngine() });
  await eventually(() => ids.length === 2);
  expect(ids[1]).toBe(ids[0]);
}, 120_000);
