import { execFileSync } from 'node:child_process';
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
  }, 10_000);

  vi.advanceTimersByTime(250);
  log.writeLine('last');
  await log.close();
  log.writeLine('too late');
  log.logger.warn('too late, too');

  expect(await readFile(file, 'utf8')).toBe('first\nlast\n');
});

it('lines of requests and of the process keep their order, and a process that ends at once has written them', () => {
  const source = new URL('../../../src/telemetry/logger.ts', import.meta.url).href;
  const program = `
    const { openLog } = await import(${JSON.stringify(source)});
    const log = openLog('info');
    log.writeLine('first');
    log.logger.info('second');
    log.writeLine('third');
    process.exit(0);`;

  const written = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });

  expect(written.trimEnd().split('\n')).toEqual([
    'first',
    expect.stringContaining('"msg":"second"'),
    'third',
  ]);
});

it('many lines go out whole and in their order, whatever they hold', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-log-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.log');
  const lines = Array.from({ length: 5_000 }, (_, i) => `${i} ${'ä日😀'.repeat(i % 40)}`);
  // One that is longer than all that goes out together.
  lines.splice(2_500, 0, 'x'.repeat(200_000));
  const log = openLog('info', file);
  for (const line of lines) log.writeLine(line);
  await log.close();
  expect((await readFile(file, 'utf8')).split('\n')).toEqual([...lines, '']);
});
