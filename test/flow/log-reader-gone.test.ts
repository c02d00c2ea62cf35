import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../helpers/free-port.ts';
import { configText, eventually } from '../helpers/gateway.ts';

/** More lines than a pipe holds (64 kB). */
const REQUESTS = 1_500;

it.each([
  ['has stopped reading', 'sleep 600'],
  ['has gone', 'head -c 100 >/dev/null'],
])(
  'whoever reads the log %s: requests are served, and SIGTERM still ends the process',
  async (_what, reader) => {
    const folder = await mkdtemp(join(tmpdir(), 'hypercare-pipe-'));
    const file = join(folder, 'gateway.yaml');
    // What the log would say can't be read here, so the address is chosen beforehand.
    const listen = `127.0.0.1:${await freePort()}`;
    const url = `http://${listen}`;
    await writeFile(file, configText({ server: { listen } }));
    const shell = `exec ${process.execPath} src/main.ts start -c ${file} > >(${reader})`;
    const child = spawn('bash', ['-c', shell], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    onTestFinished(async () => {
      try {
        process.kill(-(child.pid as number), 'SIGKILL');
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('ESRCH');
      }
      await rm(folder, { recursive: true, force: true });
    });
    await eventually(
      () =>
        fetch(`${url}/livez`).then(
          ({ ok }) => ok,
          () => false,
        ),
      20_000,
    );
    for (let i = 0; i < REQUESTS; i += 50) {
      const statuses = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const response = await fetch(`${url}/nothing`);
          await response.arrayBuffer();
          return response.status;
        }),
      );
      expect(new Set(statuses)).toEqual(new Set([404]));
    }

    child.kill('SIGTERM');

    expect(await exit).toBe(0);
  },
  60_000,
);
