import { randomUUID } from 'node:crypto';
import { chmod, open, realpath, rename, rm, stat } from 'node:fs/promises';

/**
 * Replaces what a file holds, whole or not at all: who reads it meanwhile sees the old text or the new one. A symbolic
 * link stays one. Keeps the file's mode.
 *
 * @throws the file system's error: no permission, or a file that can't be replaced (mounted by itself)
 */
export async function writeWhole(file: string, text: string): Promise<void> {
  const real = await realpath(file);
  const { mode } = await stat(real);
  // Beside it, because a rename works only within one file system.
  const beside = `${real}.${randomUUID()}`;
  try {
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(beside, mode & 0o777);
    await rename(beside, real);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
