import { chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { writeWhole } from '../../../src/config/write-file.ts';

/** A user and a group who are nobody else here. */
const [UID, GID] = [4711, 4712];
const isRoot = process.getuid?.() === 0;

async function secretFile(): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hypercare-write-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, 'before', { mode: 0o600 });
  return { folder, file };
}

it('what a file holds is replaced, and nothing is left beside it', async () => {
  const { folder, file } = await secretFile();
  await writeWhole(file, 'after');
  expect(await readFile(file, 'utf8')).toBe('after');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['gateway.yaml']);
});

it.runIf(isRoot)(
  'written by root it stays its owner’s: a gateway that is not root reads it as before',
  async () => {
    const { file } = await secretFile();
    await chown(file, UID, GID);
    await writeWhole(file, 'after');
    const { uid, gid, mode } = await stat(file);
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: UID, gid: GID, mode: 0o600 });
  },
);

it.runIf(isRoot)(
  'where its owner can not be kept, and not everybody may read it, it stays as it is',
  async () => {
    const { folder, file } = await secretFile();
    await chown(folder, UID, GID);
    const write = async (): Promise<void> => {
      process.setegid?.(GID);
      process.seteuid?.(UID);
      try {
        await writeWhole(file, 'after');
      } finally {
        process.seteuid?.(0);
        process.setegid?.(0);
      }
    };
    await expect(write()).rejects.toThrow('it would not be user 0’s');
    expect(await readFile(file, 'utf8')).toBe('before');
    expect(await readdir(folder)).toEqual(['gateway.yaml']);
  },
);
