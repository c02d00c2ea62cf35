import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';

/**
 * Replaces what a file holds, whole or not at all: who reads it meanwhile sees the old text or the new one. A symbolic
 * link stays one. Keeps the file's mode, and its owner: root that writes for another does not shut them out.
 *
 * @throws the file system's error: no permission, or a file that can't be replaced (mounted by itself); an Error if its owner
 * can't be kept and not everybody may read it
 */
export async function writeWhole(file: string, text: string): Promise<void> {
  const real = await realpath(file);
  const before = await stat(real);
  // Beside it, because a rename works only within one file system.
  const beside = `${real}.${randomUUID()}`;
  try {
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await keepOwner(handle, before);
      await handle.chmod(before.mode & 0o777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, real);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

const READ_BY_ALL = 0o004;

/** Where everybody may read a file, whoever owns it shuts nobody out. @throws an Error where somebody would be */
async function keepOwner(handle: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const made = await handle.stat();
  if (made.uid === uid && made.gid === gid) return;
  try {
    await handle.chown(uid, gid);
  } catch (cause) {
    if (mode & READ_BY_ALL) return;
    throw new Error(
      `it would not be user ${uid}’s and group ${gid}’s any more: write it as that user, or as root`,
      {
        cause,
      },
    );
  }
}
