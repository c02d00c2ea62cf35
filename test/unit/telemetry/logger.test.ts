import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openLog } from '../../../src/telemetry/logger.ts';

it('a line written while the buffer goes out is in the log when it has been closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-log-'));
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(async () => {
    vi.useRealTimers();
    await rm(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'gateway.log');
  const log = openLog('info', file);
  // The file is open once the first line is in it.
  log.writeLine('first');
  await vi.waitFor(async () => {
    vi.advanceTimersByTime(250);
    expect(await readFile(file, 'utf8')).toBe('first\n');
  });

  vi.advanceTimersByTime(250);
  log.writeLine('last');
  await log.close();
  log.writeLine('too late');
  log.logger.warn('too late, too');

  expect(await readFile(file, 'utf8')).toBe('first\nlast\n');
});
