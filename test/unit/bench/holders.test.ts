import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { runClient } from '../../../bench/harness/counted.ts';
import type { Reading } from '../../../bench/load/clients/reading.ts';
import { HOLDERS } from '../../../bench/load/memory-held.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');

/** A server whose answers have no end, and come as fast as they are taken. */
async function endless(): Promise<string> {
  const server = createServer((_, response) => {
    const pieces = Readable.from(
      (function* () {
        for (;;) yield PIECE;
      })(),
      { objectMode: false },
    );
    pipeline(pieces, response.writeHead(200), () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('slow readers go on reading, others read all that comes or nothing, and none loses its connection', async () => {
  const origin = await endless();
  const groups = [{ path: '/large', connections: 4 }];
  const asked = { origin, method: 'GET', headers: {}, body: '', settleMs: 200, countMs: 2_000, groups };
  const told = async (reads: Reading) => {
    const order = { ...asked, reads };
    return (await runClient<Record<string, number>>(HOLDERS, order, {}, 100_000)).figures;
  };
  const [nothing, slowly, all] = [await told('nothing'), await told('slowly'), await told('all')];

  for (const each of [nothing, slowly, all]) expect(each).toMatchObject({ held: 4, lost: 0, refused: 0 });
  expect(nothing.bytesRead).toBe(0);
  expect(slowly.bytesRead).toBeGreaterThan(0);
  expect(all.bytesRead).toBeGreaterThan(4 * (slowly.bytesRead ?? 0));
});
